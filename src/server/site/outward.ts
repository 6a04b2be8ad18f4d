/** A path of the machine: a slash that no word, address or other slash stands before. */
const path = /(?<![\w:/.~%-])\/(?:[\w.@%+~-]+\/)*([\w.@%+~-]+)/g;

/** What a visitor reads of a problem: where files lie on the server is not theirs to know. */
export function outward(text: string): string {
  return text.replace(path, '…/$1');
}
