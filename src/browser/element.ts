/**
 * The first element that fits, of the kind that the server draws there.
 *
 * Errors  a page without it is a defect, and is said in the console.
 */
export function element<T extends Element>(kind: new () => T, selector: string, root: ParentNode = document): T {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`this page has no ${selector}`);
  return found;
}

/** What a form sends: its fields by name. A file is not sent: its text is in a field of its own. */
export function fieldsOf(form: HTMLFormElement): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...new FormData(form)].flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

/** Closes buttons, or opens them again. */
export function disable(buttons: Iterable<HTMLButtonElement>, disabled: 'disabled' | 'open'): void {
  for (const button of buttons) button.disabled = disabled === 'disabled';
}
