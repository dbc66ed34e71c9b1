"""The official examples of WeCom's encryption and signatures, as Tencent publishes them.

Sources: A and F of weworkapi_java, json_callback/Sample.java; B of developer.work.weixin.qq.com/document/path/90968;
C of path/90506; D and E of weworkapi_python, callback/Sample.py. All read 2026-11-24.
"""

from dataclasses import dataclass

from console.wecom.crypto import CallbackCrypto


@dataclass(frozen=True)
class Account:
    receive_id: str
    token: str
    encoding_aes_key: str

    def crypto(self) -> CallbackCrypto:
        return CallbackCrypto(self.token, self.encoding_aes_key, self.receive_id)


@dataclass(frozen=True)
class Vector:
    account: Account
    signature: str
    timestamp: str
    nonce: str
    encrypted: str
    plain: str  # or, for B and F, a part of it


FIRST = Account('wx5823bf96d3bd56c7', 'QDG6eK', 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C')
SECOND = Account(
    'ww1436e0e65a779aee', 'hJqcu3uJ9Tn2gXPmxx2w9kkCkCE2EPYo', '6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt'
)

A = Vector(
    FIRST,
    '5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3',
    '1409659589',
    '263014780',
    'P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==',
    '1616140317555161061',
)
B = Vector(
    FIRST,
    '477715d11cdb4164915debcba66cb864d751f3e6',
    '1409659813',
    '1372623149',
    'RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3'
    'TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gs'
    'ijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUa'
    'x5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIG'
    'HBZZIs2pDBS8R07+qN+E7Q==',
    '<Content><![CDATA[hello]]></Content>',
)
D = Vector(
    SECOND,
    '012bc692d0a58dd4b10f8dfe5c4ac00ae211ebeb',
    '1476416373',
    '47744683',
    'fsi1xnbH4yQh0+PJxcOdhhK6TDXkjMyhEPA7xB2TGz6b+g7xyAbEkRxN/3cNXW9qdqjnoVzEtpbhnFyq6SVHyA==',
    '1288432023552776189',
)
E = Vector(
    SECOND,
    '0c3914025cb4b4d68103f6bfc8db550f79dcf48e',
    '1476422779',
    '1597212914',
    'Kl7kjoSf6DMD1zh7rtrHjFaDapSCkaOnwu3bqLc5tAybhhMl9pFeK8NslNPVdMwmBQTNoW4mY7AIjeLvEl3NyeTkAgGzBhzTtRLNshw2AEew+kkY'
    'cD+Fq72Kt00fT0WnN87hGrW8SqGc+NcT3mu87Ha3dz1pSDi6GaUA6A0sqfde0VJPQbZ9U+3JWcoD4Z5jaU0y9GSh010wsHF8KZD24YhmZH4ch4Ka'
    '7ilEbjbfvhKkNL65HHL0J6EYJIZUC2pFrdkJ7MhmEbU2qARR4iQHE7wy24qy0cRX3Mfp6iELcDNfSsPGjUQVDGxQDCWjayJOpcwocugux082f49H'
    'KYg84EpHSGXAyh+/oxwaWbvL6aSDPOYuPDGOCI8jmnKiypE+',
    '<xml><ToUserName>ww1436e0e65a779aee</ToUserName><FromUserName>ChenJiaShun</FromUserName>'
    '<CreateTime>1476422779</CreateTime><MsgType>text</MsgType><Content>你好</Content><MsgId>1456453720</MsgId>'
    '<AgentID>1000002</AgentID></xml>',
)
F = Vector(
    FIRST,
    '0623cbc5a8cbee5bcc137c70de99575366fc2af3',
    '1409659813',
    '1372623149',
    'CZWs4CWRpI4VolQlvn4dlEC1alN2MUEY2VklGehgBVLBrlVF7SyT+SV+Toj43l4ayJ9UMGKphktKKmP7B2j/P1ey67XB8PBgS7Wr5/8+w/yWriZv'
    '3Vmoo/MH3/1HsIWZrPQ3N2mJrelStIfI2Y8kLKXA7EhfZgZX4o+ffdkZDM76SEl79Ib9mw7TGjZ9Aw/x/A2VjNbV1E8BtEbRxYYcQippYNw7hr8s'
    'Ffa3nW1xLdxokt8QkRX83vK3DFP2F6TQFPL2Tu98UwhcUpPvdJBuu1/yiOQIScppV3eOuLWEsko=',
    '4561255354251345929',
)

CALLBACKS = {'A': A, 'B': B, 'D': D, 'E': E, 'F': F}

JS_SIGNATURE = {
    'ticket': 'sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg',
    'noncestr': 'Wm3WZYTPz0wzccnW',
    'timestamp': '1414587457',
    'url': 'http://mp.weixin.qq.com?params=value',
    'signature': '0f9de62fce790f9a083d5c99e95740ceb90c27ed',
}
"""C: what a page of the JS-SDK is signed with."""
