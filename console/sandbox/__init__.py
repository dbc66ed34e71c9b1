"""A WeCom of our own: the same HTTP API, the same encrypted callbacks, and a control side.

It is a server of its own with its own memory. It imports nothing from the rest of the console, and seals its callbacks
with wechatpy, so that it can judge the console's border to WeCom instead of agreeing with it.
"""

from console.sandbox.contacts import UnknownContact
from console.sandbox.credentials import SandboxCredentials, invent_credentials
from console.sandbox.kf_bell import KfMoment
from console.sandbox.kf_phones import KfLine
from console.sandbox.kf_sessions import UnknownCustomer
from console.sandbox.phones import Member, PhoneEntry, UnknownMember
from console.sandbox.pusher import Attempt, PushReport
from console.sandbox.server import Sandbox
from console.sandbox.standalone import serve_forever

__all__ = [
    'Attempt',
    'KfLine',
    'KfMoment',
    'Member',
    'PhoneEntry',
    'PushReport',
    'Sandbox',
    'SandboxCredentials',
    'UnknownContact',
    'UnknownCustomer',
    'UnknownMember',
    'invent_credentials',
    'serve_forever',
]
