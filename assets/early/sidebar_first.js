// Runs first, beside the loading of everything else: asks the WeCom around the page whose chat it is, and shows what is
// known of that family as plain HTML until the pane itself is there. sidebar.js goes on with the same connection.

const PATIENCE = 3000;
const LOOK_EVERY = 1000;
const OF_ONE_PARENT = ['single_chat_tools', 'single_kf_tools', 'contact_profile'];
const APIS = [
  'getContext', 'getCurExternalContact', 'selectExternalContact', 'sendChatMessage', 'openEnterpriseChat', 'navigateToKfChat',
  'scanQRCode',
];

class Trouble extends Error {
  constructor(code, detail = '') {
    super(detail || code);
    this.code = code;
  }
}

// WeCom's errors come as errMsg "sendChatMessage:fail no permission".
function troubleOf(error) {
  if (error instanceof Trouble) return error;
  const said = String(error?.errMsg ?? error?.err_msg ?? error?.message ?? error);
  const kinds = [
    [/cancel/i, 'cancelled'],
    [/function.?not.?(exist|found)|not.?support/i, 'old'],
    [/invalid signature|invalid url|invalid corpid|40093|agentConfig:fail(?!_nopermission)(?!.*permission)/i, 'signature'],
    [/permission|offline verifying/i, 'denied'],
    [/without context|no context/i, 'no_context'],
  ];
  return new Trouble(kinds.find(([pattern]) => pattern.test(said))?.[1] ?? 'failed', said);
}

function within(milliseconds, promise, code = 'silent') {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Trouble(code)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// What WeCom's own script gives. assets/js/sidebar_sim.js has the same methods.
class WeComBridge {
  constructor({ corp, agent }) {
    this.corp = corp;
    this.agent = agent;
    this.refused = new Promise((_, reject) => {
      this.refuse = (error) => reject(troubleOf(error));
    });
    this.refused.catch(() => {});
  }
  here() {
    return /wxwork\/[\d.]+/i.test(navigator.userAgent) && Boolean(window.ww?.env?.isWeCom);
  }
  register() {
    window.ww.register({
      corpId: this.corp,
      agentId: this.agent,
      jsApiList: APIS,
      getConfigSignature: (url) => this.signed(url, 'signature'),
      getAgentConfigSignature: (url) => this.signed(url, 'agentSignature'),
      onConfigFail: (error) => this.refuse(error),
      onAgentConfigFail: (error) => this.refuse(error),
    });
  }
  async signed(url, kind) {
    const ready = signed;
    if (ready?.url === url && ready[kind]) {
      const { timestamp, nonceStr, [kind]: signature } = ready;
      delete ready[kind]; // asked again, it was not good
      return { timestamp, nonceStr, signature };
    }
    try {
      const answer = await fetch(`/api/v1/wechat/config?url=${encodeURIComponent(url)}`, { cache: 'no-store' });
      if (answer.status === 401) throw new Trouble('signed_out');
      if (!answer.ok) throw new Trouble('no_ticket', (await answer.json()).message);
      const { timestamp, nonceStr, [kind]: signature } = await answer.json();
      return { timestamp, nonceStr, signature };
    } catch (error) {
      const trouble = error instanceof Trouble ? error : new Trouble('no_ticket', String(error));
      this.refuse(trouble);
      throw trouble;
    }
  }
  ask(name, given) {
    return Promise.race([window.ww[name](given), this.refused]);
  }
  async entry() {
    return (await this.ask('getContext')).entry;
  }
  async customer() {
    return (await this.ask('getCurExternalContact')).userId;
  }
  async pick() {
    return (await this.ask('selectExternalContact', { filterType: 0 })).userIds?.[0];
  }
  async scan() {
    return (await this.ask('scanQRCode', { needResult: true, scanType: ['qrCode'] })).resultStr;
  }
  async send({ text, kind, media }) {
    const said = kind ? { msgtype: kind, [kind]: { mediaid: media } } : { msgtype: 'text', text: { content: text } };
    await this.ask('sendChatMessage', said);
  }
  async openChat({ openKfId, externalUserId, userIds }) {
    if (openKfId) await this.ask('navigateToKfChat', { openKfId, externalUserId });
    else await this.ask('openEnterpriseChat', { groupName: '', userIds, externalUserIds: [externalUserId] });
  }
}

const { corp, agent } = document.currentScript.dataset;
const signed = JSON.parse(document.currentScript.dataset.signed || 'null');
const place = () => document.getElementById('side-first');

async function first() {
  const bridge = new WeComBridge({ corp, agent });
  if (!bridge.here()) throw new Trouble('outside');
  bridge.register();
  const entry = await within(PATIENCE, bridge.entry());
  const customer = OF_ONE_PARENT.includes(entry) ? (await within(PATIENCE, bridge.customer())) || null : null;
  if (customer) show(bridge, entry, customer);
  return { bridge, entry, customer };
}

async function show(bridge, entry, customer) {
  const answer = await fetch(`/sidebar/first?${new URLSearchParams({ entry, customer })}`);
  if (answer.status !== 200 || window.sideWeCom.taken) return;
  const html = await answer.text();
  if (window.sideWeCom.taken) return;
  place().dataset.parent = customer;
  place().innerHTML = html; // ours, every value in it escaped
  // Until the pane takes over, nobody else sees to it that this is still the parent of the chat.
  const timer = setInterval(async () => {
    if (window.sideWeCom.taken) return clearInterval(timer);
    const now = await within(PATIENCE, bridge.customer()).catch(() => null);
    if (!window.sideWeCom.taken && now !== customer) place().replaceChildren();
  }, LOOK_EVERY);
}

window.sideWeCom = { OF_ONE_PARENT, PATIENCE, Trouble, WeComBridge, troubleOf, within, taken: false };
if (corp) {
  window.sideWeCom.first = first();
  window.sideWeCom.first.catch(() => {}); // told by whoever waits for it
}
