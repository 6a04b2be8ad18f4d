/** An element of XML, and what is inside of it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly inside: string;
  /** Where `inside` begins in the whole text. */
  readonly at: number;
}

const mark =
  /<!--|<!\[CDATA\[|<(\/?)([A-Za-z][\w.:-]{0,99})((?:\s+[\w.:-]{1,99}\s*=\s*(?:"[^"]{0,4000}"|'[^']{0,4000}'))*)\s*(\/?)>/g;

/** The outermost elements of a text; what is not closed ends the list. Elements are found by their marks: no document type, no reference to a file is read. */
export function elementsIn(text: string, offset: number): readonly XmlElement[] {
  const found: XmlElement[] = [];
  let open: {
    readonly name: string;
    readonly attributes: Readonly<Record<string, string>>;
    readonly at: number;
  } | null = null;
  let depth = 0;
  const marks = new RegExp(mark);
  for (let match = marks.exec(text); match !== null; match = marks.exec(text)) {
    const [whole, closing = '', name = '', attributes = '', alone = ''] = match;
    if (whole === '<!--' || whole === '<![CDATA[') {
      const end = text.indexOf(whole === '<!--' ? '-->' : ']]>', marks.lastIndex);
      if (end === -1) break;
      marks.lastIndex = end + 3;
    } else if (closing === '/') {
      depth -= 1;
      if (depth === 0 && open !== null)
        found.push({
          name: open.name,
          attributes: open.attributes,
          inside: text.slice(open.at, match.index),
          at: offset + open.at,
        });
    } else {
      const start = { name: name.replace(/^[^:]*:/, ''), attributes: attributesOf(attributes), at: marks.lastIndex };
      if (alone === '/') {
        if (depth === 0) found.push({ ...start, inside: '', at: offset + start.at });
      } else {
        if (depth === 0) open = start;
        depth += 1;
      }
    }
  }
  return found;
}

function attributesOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...text.matchAll(/([\w.:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(([, name = '', one, other]) => [
      name,
      unescaped(one ?? other ?? ''),
    ]),
  );
}

/** The text of an element: CDATA as it is, references resolved, comments left out; lines stay. */
export function textOf(inside: string): string {
  return inside
    .split(/(<!\[CDATA\[[^]*?\]\]>|<!--[^]*?-->)/)
    .map((part) =>
      part.startsWith('<![CDATA[')
        ? part.slice(9, -3)
        : part.startsWith('<!--')
          ? part.replaceAll(/[^\n]/g, '')
          : unescaped(part),
    )
    .join('');
}

const references: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replaceAll(/&(\w+);/g, (whole, name: string) => references[name] ?? whole);
}
