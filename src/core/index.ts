export { type Actor, actorOf, actors } from './who-acts.ts';
export { onAbort } from './abort.ts';
export { whileAlone } from './alone.io.ts';
export { keep } from './answer-cache.io.ts';
export { type Branded, isNonEmpty, type NonEmpty } from './brand.ts';
export { elapsed, formatDuration, type Instant, instant, type Milliseconds, parseDuration } from './clock.ts';
export { now } from './clock.io.ts';
export { type ErrorCode, errorCodes } from './error-codes.ts';
export { OneRoofError, type Place, type Problem, type ProblemText } from './errors.ts';
export {
  bigForm,
  digestForm,
  statedFactsForm,
  type Formed,
  formProblem,
  keyForm,
  type Immutable,
  instantForm,
  jsonForm,
  namedForm,
  nameForm,
  problemForm,
  type Read,
  type FormReader,
  recordReader,
} from './form.ts';
export { readIfThere } from './if-there.io.ts';
export { digest, type Digest, isDigest, type Purpose, shortDigest } from './frame.ts';
export { type Json } from './json-value.ts';
export { canonicalJson, visibleJson } from './json.ts';
export { beginOf, isAlive, type ProcessMark, processState, type ProcessState, thisProcess } from './process.io.ts';
export { type Facts, stated, type Stated } from './stated.ts';
export { type Bytes, formatSize, parseSize } from './size.ts';
export { asText, printable, truncate } from './text.ts';
