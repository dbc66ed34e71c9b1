// <file-giver to="/media/…"> uploads the files that are chosen or dropped there, one by one, and tells what came of each.

const LARGEST = 20 * 1024 * 1024;

class FileGiver extends HTMLElement {
  connectedCallback() {
    this.addEventListener('click', (event) => {
      if (event.target.closest('[data-choose]')) this.chooser.click();
    });
    this.addEventListener('change', () => this.give([...this.chooser.files]));
    this.addEventListener('dragover', (event) => event.preventDefault());
    this.addEventListener('drop', (event) => {
      event.preventDefault();
      this.give([...event.dataTransfer.files]);
    });
  }
  get chooser() {
    return this.querySelector('input[type=file]');
  }
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
  async give(files) {
    if (this.hasAttribute('busy')) return;
    this.setAttribute('busy', '');
    for (const file of files) this.tell(...(await this.given(file)));
    this.removeAttribute('busy');
    this.chooser.value = '';
  }
  async given(file) {
    if (file.size > LARGEST) return ['refused', `${file.name}: 文件超过 20 MB，不能保存。`];
    try {
      const headers = { 'X-File-Name': encodeURIComponent(file.name), 'Content-Type': 'application/octet-stream' };
      const answer = await fetch(this.getAttribute('to'), { method: 'POST', body: file, headers });
      const { name, refusal } = await answer.json();
      return name ? ['given', name] : ['refused', `${file.name}: ${refusal}`];
    } catch {
      return ['refused', `${file.name}: 没能上传，请检查网络后再试。`];
    }
  }
}

customElements.define('file-giver', FileGiver);
