// 12345 as 12,345. The browser's own toLocaleString loads a library first, for a tenth of a second on a slow phone.
window.grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ',');
