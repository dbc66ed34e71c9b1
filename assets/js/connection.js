// Says so when the live connection is lost, and loads the page anew when the server is there but the page is forgotten.

const PATIENCE = 6000;
let lostAt = null;

function lost() {
  return document.getElementById('popup')?.ariaHidden === 'false';
}

async function look() {
  if (!lost()) {
    lostAt = null;
    delete document.documentElement.dataset.connection;
    return;
  }
  lostAt ??= Date.now();
  if (Date.now() - lostAt > 1000) document.documentElement.dataset.connection = 'lost';
  if (Date.now() - lostAt < PATIENCE) return;
  lostAt = Date.now();
  try {
    const answer = await fetch('/health', { cache: 'no-store' });
    if (answer.ok && lost()) location.reload();
  } catch {
    // still away; asked again after the same patience
  }
}

setInterval(look, 500);
