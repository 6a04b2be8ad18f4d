import { showActivities } from '../activities.ts';
import { connect, readAnew, someTime } from '../reload-page.ts';
import { element } from '../element.ts';
import { type ActivityView, type RecordedView } from '../wire.ts';

// The page of a release. What runs is filled from JSON, as text; the other parts are taken from the page itself, read again, where scripts
// are dead. A part that someone reads with the keyboard or has opened stays as it is. Without this script the page shows the same when
// it is loaded again.
const live = element(HTMLElement, '#live');
const fresh = element(HTMLElement, '#fresh');
let isDue = false;

async function again(): Promise<void> {
  isDue = false;
  const page = await readAnew();
  let isKept = page === null;
  for (const id of page === null ? [] : (live.dataset['parts'] ?? '').split(' ')) {
    const old = document.getElementById(id);
    const next = page?.getElementById(id) ?? null;
    if (old === null || next === null || old.innerHTML === next.innerHTML) continue;
    if (old.contains(document.activeElement) || old.querySelector('details[open]') !== null) isKept = true;
    else old.replaceWith(document.adoptNode(next));
  }
  const last = Number(page?.getElementById('live')?.dataset['last'] ?? -1);
  live.dataset['last'] = String(Math.max(Number(live.dataset['last']), last));
  fresh.hidden = !isKept;
}

function soon(): void {
  if (!isDue)
    setTimeout(
      () =>
        void again().catch(() => {
          fresh.hidden = false;
        }),
      someTime(),
    );
  isDue = true;
}

/** The new entry, until the history is drawn again. */
function showEntry({ kind, digest, recordedAt }: RecordedView): void {
  const row = document.createElement('tr');
  const cells = ['th', 'td', 'td', 'td'].map((name) => row.appendChild(document.createElement(name)));
  const when = document.createElement('time');
  const link = document.createElement('a');
  when.dateTime = recordedAt;
  when.textContent = `${recordedAt.slice(0, 19).replace('T', ' ')} UTC`;
  link.href = `/evidence/${encodeURIComponent(digest)}`;
  link.textContent = digest.slice(7, 19);
  cells[0]?.append(when);
  cells[1]?.append(`${kind} (new)`);
  cells[3]?.append(link);
  document.querySelector('#history tbody')?.prepend(row);
}

const show = showActivities(soon);
const events = `/events?release=${encodeURIComponent(live.dataset['seal'] ?? '')}`;
const source = connect(events, element(HTMLElement, '#link'));
source.addEventListener('activity', ({ data }: MessageEvent<string>) => show(JSON.parse(data) as ActivityView));
source.addEventListener('recorded', ({ data }: MessageEvent<string>) => {
  const entry = JSON.parse(data) as RecordedView;
  if (entry.index <= Number(live.dataset['last'])) return;
  live.dataset['last'] = String(entry.index);
  showEntry(entry);
  soon();
});
