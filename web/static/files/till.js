// A device on which the till of a shop was opened finds the way there on the pages of its coupons: whoever
// scans a customer's code with it redeems in one more tap. Without this script the till lists its coupons.
document.addEventListener('DOMContentLoaded', () => {
  const page = document.querySelector('[data-shop]');
  if (!page) return;
  try {
    if (page.dataset.till) {
      localStorage.setItem(page.dataset.shop, page.dataset.till);
      return;
    }
    const till = localStorage.getItem(page.dataset.shop);
    const link = page.querySelector('[data-redeem]');
    if (link && /^\/till\/[\w-]+$/.test(till || '')) {
      link.href = till + '/' + link.dataset.redeem;
      link.closest('[hidden]').hidden = false;
    }
  } catch {
    // storage is turned off: the till is opened by its own link
  }
});
