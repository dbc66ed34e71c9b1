// <button data-copy="…"> puts the words on the clipboard and says whether that worked. Also without https.

async function copied(words) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(words);
      return true;
    } catch {
      // not allowed here; the old way may be
    }
  }
  const field = document.createElement('textarea');
  field.value = words;
  field.className = 'visually-hidden';
  document.body.append(field);
  field.select();
  const worked = document.execCommand('copy');
  field.remove();
  return worked;
}

document.addEventListener('click', async (event) => {
  const button = event.target.closest?.('button[data-copy]');
  if (!button) return;
  button.dataset.copied = (await copied(button.dataset.copy)) ? 'yes' : 'no';
  setTimeout(() => delete button.dataset.copied, 2000);
});
