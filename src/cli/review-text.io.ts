import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { OneRoofError, printable, stated } from '../core/index.ts';
import { longestReview } from '../reviews/index.ts';

/** A character of UTF-8 has at most so many bytes. */
const mostBytes = 4 * longestReview;

/**
 * Reads the text of a review from a regular file. A link is not followed: in a folder of others it could lead to a secret, which would be recorded.
 *
 * Errors  REVIEW_TEXT.
 */
export function readReviewText(file: string): string {
  const refuse = (why: string, cause?: unknown): OneRoofError =>
    new OneRoofError('REVIEW_TEXT', {
      ...stated`the text of the review, ${{ file: printable(file) }}, ${{ why }}`,
      fix: `name a regular file with 1 to ${longestReview} characters of UTF-8 text: --text-file FILE`,
      cause,
    });
  const text = decoded(bytesOf(file, refuse));
  if (text === undefined) throw refuse('is not UTF-8 text');
  return bounded(text, refuse);
}

/**
 * The text of a review that stands on the command line.
 *
 * Errors  REVIEW_TEXT.
 */
export function reviewTextOf(text: string): string {
  return bounded(
    text,
    (why) =>
      new OneRoofError('REVIEW_TEXT', {
        ...stated`the text of the review ${{ why }}`,
        fix: `write 1 to ${longestReview} characters: --text TEXT`,
      }),
  );
}

function bounded(written: string, refuse: (why: string) => OneRoofError): string {
  const text = written.trimEnd();
  if (text === '') throw refuse('is empty');
  if (text.length > longestReview) throw refuse(`has more than ${longestReview} characters`);
  return text;
}

function bytesOf(file: string, refuse: (why: string, cause?: unknown) => OneRoofError): Uint8Array {
  let descriptor: number;
  try {
    // without waiting: a pipe that no one writes would wait for ever
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const isLink = cause instanceof Error && 'code' in cause && cause.code === 'ELOOP';
    throw refuse(isLink ? 'is a symbolic link, which is not followed' : 'cannot be read', cause);
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw refuse('is not a regular file');
    const bytes = Buffer.alloc(mostBytes + 1);
    const size = readSync(descriptor, bytes);
    if (status.size > mostBytes || size > mostBytes) throw refuse(`has more than ${longestReview} characters`);
    return bytes.subarray(0, size);
  } finally {
    closeSync(descriptor);
  }
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
