(() => {
  "use strict";
  document.querySelectorAll(".wide").forEach((frame) => {
    const today = frame.querySelector(".today");
    if (today) frame.scrollLeft = today.getBBox().x - frame.clientWidth / 2;
  });
  const AT_FIRST = 200;
  const box = document.getElementById("search");
  const count = document.getElementById("counted");
  const more = document.getElementById("show-all");
  if (!box) return;
  const rows = Array.from(document.querySelectorAll("#machine-rows > tr"));
  let texts = null;
  let most = AT_FIRST;
  const say = (shown, found) => {
    const numbers = { shown, found, all: rows.length };
    count.textContent = count.dataset.text.replace(/\{(\w+)\}/g, (_, name) =>
      numbers[name].toLocaleString("en"));
    more.hidden = shown === found;
  };
  const search = () => {
    texts = texts || rows.map((row) => row.textContent.toLowerCase());
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    rows.forEach((row, at) => {
      const fits = words.every((word) => texts[at].includes(word));
      found += fits;
      row.hidden = !fits || found > most;
    });
    say(Math.min(found, most), found);
  };
  box.addEventListener("input", () => { most = AT_FIRST; search(); });
  more.addEventListener("click", () => { most = Infinity; search(); });
  const fromAddress = () => {
    const found = /^#q=(.*)$/.exec(location.hash);
    if (!found) return;
    try { box.value = decodeURIComponent(found[1]); } catch { return; }
    search();
  };
  addEventListener("hashchange", fromAddress);
  say(Math.min(rows.length, AT_FIRST), rows.length);
  fromAddress();
})();
