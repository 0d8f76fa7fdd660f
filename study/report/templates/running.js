// Of a run that is under way: the page comes again by itself, where the reader was, and says so if
// it is not written any more. It is whole without this, too.

const AGAIN = 10; // seconds between two looks at the file, at least
const SILENCE = 180; // seconds beyond the next writing after which the run seems to have stopped

function describeTime(seconds) {
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

function watchRun(banner) {
  const { written, next } = banner.dataset;
  const time = banner.querySelector("time");
  const when = new Date(written);
  time.textContent = when.toLocaleString([], { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
  const stopped = document.getElementById("stopped");
  if (!stopped) return; // interrupted or failed: nothing more is written
  const look = () => {
    const age = (Date.now() - when) / 1000;
    const silent = age > 2 * Number(next) + SILENCE;
    stopped.hidden = document.getElementById("resume").hidden = !silent;
    stopped.querySelector("span").textContent = describeTime(age);
  };
  look();
  setInterval(look, 1000 * AGAIN);
  const renew = () => {
    if (document.querySelector("dialog[open]")) return; // somebody looks at a figure
    history.replaceState({ top: scrollY }, "");
    location.reload();
  };
  setInterval(renew, 1000 * Math.max(AGAIN, Math.min(Number(next), 60)));
}

if (history.state) scrollTo(0, history.state.top);
watchRun(document.getElementById("running"));
