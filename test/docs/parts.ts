/** What the page tells a reader to do, in order. */
export type Part =
  | { readonly kind: 'run'; readonly line: string; readonly status: number }
  | { readonly kind: 'write'; readonly file: string; readonly text: string }
  | { readonly kind: 'see'; readonly lines: readonly string[] };

/** The parts of a page, in order. */
export function parts(page: string): readonly Part[] {
  const blocks = [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)];
  return blocks.flatMap(([, language = '', text = '']): readonly Part[] => {
    const lines = text.trimEnd().split('\n');
    const [, file] = /^(?:#|--) file: (\S+)\n/.exec(text) ?? [];
    if (file !== undefined) return [{ kind: 'write', file, text }];
    if (language === 'text') return [{ kind: 'see', lines }];
    if (language !== 'sh') throw new Error(`nobody knows what to do with a block of ${language}`);
    return lines.map((line) => ({
      kind: 'run',
      line: line.replace(/ +# .*$/, ''),
      status: Number(/# exit status (\d)$/.exec(line)?.[1] ?? 0),
    }));
  });
}
