// The pane in a plain browser: the chat beside it is a <side-chat> of ours, and answers what WeCom would.

const SAYS = {
  denied: 'fail_nopermission',
  signature: 'agentConfig:fail invalid signature',
  old: 'function not exist',
  send_fails: 'sendChatMessage:fail no permission',
};

window.sidebarSim = () => {
  const chat = () => document.querySelector('side-chat');
  const answer = (value, ...breaks) =>
    new Promise((resolve, reject) => {
      const state = chat()?.dataset.client ?? '';
      if (state === 'silent') return;
      const say = breaks.includes(state) ? () => reject(new Error(SAYS[state])) : () => resolve(value());
      setTimeout(say, 30);
    });
  return {
    here: () => Boolean(chat()),
    register() {},
    entry: () => answer(() => chat().dataset.entry, 'signature', 'old'),
    customer: () => answer(() => chat().dataset.user, 'denied', 'signature', 'old'),
    pick: () => answer(() => chat().dataset.user, 'denied'),
    scan: () => answer(() => prompt('这里没有摄像头。请粘贴二维码里的网址:'), 'denied', 'old'),
    send: () => answer(() => {}, 'denied', 'send_fails'),
    openChat: () => answer(() => {}, 'denied'),
  };
};
