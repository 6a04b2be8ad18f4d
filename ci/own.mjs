// Whether the code of the event is this repository's own: exit 0. Else prints whose it is; exit 1.
import { foreignBy, readEvent } from './event.mjs';

const why = foreignBy(readEvent());
if (why !== null) {
  console.log(why);
  process.exitCode = 1;
}
