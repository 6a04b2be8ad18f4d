/** A path of the machine: a slash without a word, address or other slash before it. */
const path = /(?<![\w:/.~%-])\/(?:[\w.@%+~-]+\/)*([\w.@%+~-]+)/g;

/** What a visitor reads of a problem: where files lie on the server is not theirs to know. */
export function outward(text: string): string {
  return text.replace(path, '…/$1');
}
