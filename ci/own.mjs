// Whether the code of the event is this repository's own: exit 0. Else prints whose it is; exit 1.
import { pipeline } from './pipeline.mjs';

const why = pipeline.foreignBy();
if (why !== null) {
  console.log(why);
  process.exitCode = 1;
}
