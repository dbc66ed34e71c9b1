// While something on the page has data-unsaved, the browser asks before it is left, by a link as by closing the tab.

window.addEventListener('beforeunload', (event) => {
  if (document.querySelector('[data-unsaved]')) event.preventDefault();
});
