/** The newest version of a major in what `npm view PACKAGE versions --json` printed; null where there is none. */
export function newestOf(major: number, printed: string): string | null {
  const all = jsonOf(printed);
  const found = (Array.isArray(all) ? all : [all]).flatMap((one) => {
    // these packages have no versions without `-beta`; an alpha is older than all of them
    const parts = typeof one === 'string' ? /^(\d+)\.(\d+)\.(\d+)(?:-beta\.(\d+))?$/.exec(one) : null;
    if (parts === null || Number(parts[1]) !== major) return [];
    return [{ text: parts[0], order: [Number(parts[2]), Number(parts[3]), Number(parts[4] ?? Infinity)] as const }];
  });
  const [first] = found.toSorted((a, b) => {
    const at = a.order.findIndex((value, index) => value !== b.order[index]);
    return at < 0 ? 0 : (b.order[at] ?? 0) - (a.order[at] ?? 0);
  });
  return first?.text ?? null;
}

/** What `npm view PACKAGE@VERSION dist --json` printed; null where it names no sha512: then what is sent could not be checked. */
export function packageFacts(
  printed: string,
): { readonly from: string; readonly integrity: string; readonly bytes: number | null } | null {
  const { integrity, tarball, unpackedSize } = recordOf(jsonOf(printed));
  if (typeof integrity !== 'string' || !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity)) return null;
  return {
    integrity,
    from: typeof tarball === 'string' ? withoutSecrets(tarball) : '',
    bytes: typeof unpackedSize === 'number' ? unpackedSize : null,
  };
}

/** The integrity with which npm says that it installed a package, and nothing beside it; null where it says something else. */
export function installedIntegrity(
  record: string,
  wanted: { readonly package: string; readonly version: string },
): string | null {
  const packages = Object.entries(recordOf(recordOf(jsonOf(record))['packages']));
  const [only] = packages;
  if (packages.length !== 1 || only === undefined || only[0] !== `node_modules/${wanted.package}`) return null;
  const { version, integrity } = recordOf(only[1]);
  return version === wanted.version && typeof integrity === 'string' ? integrity : null;
}

function withoutSecrets(address: string): string {
  if (!URL.canParse(address)) return '';
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname}`;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // npm printed something else: nothing is known
    return null;
  }
}
