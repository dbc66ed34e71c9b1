"""The design before this one, as the baseline: Flask and wechatpy, the model asked before WeCom is answered.

Run under gunicorn with two synchronous workers, as it was. The model is a stub that takes two seconds, the sending of
the reply one that takes 50 ms.
"""

import os
import time

from flask import Flask, request
from wechatpy.enterprise import WeChatCrypto, parse_message

from bench.callbacks import AES_KEY, CORP_ID, PATH, TOKEN

MODEL_SECONDS = float(os.environ.get('MODEL_SECONDS', '2'))
SEND_SECONDS = 0.05

app = Flask(__name__)
crypto = WeChatCrypto(TOKEN, AES_KEY, CORP_ID)


@app.post(PATH)
def receive() -> str:
    given = request.args
    xml = crypto.decrypt_message(request.data, given['msg_signature'], given['timestamp'], given['nonce'])
    parse_message(xml)
    time.sleep(MODEL_SECONDS)
    time.sleep(SEND_SECONDS)
    return 'success'
