import { X509Certificate } from 'node:crypto';

/** What is checked of a certificate. */
export interface Certificate {
  readonly x509: X509Certificate;
  /** 3 for version 3, which alone has extensions. */
  readonly version: number;
  /** null: the extension is absent. */
  readonly basic: { readonly ca: boolean; readonly pathLength: number | null } | null;
  /** The model that the certificate is for, as a UUID; null: absent, or not of its form. */
  readonly aaguid: string | null;
}

/** OIDs as DER writes them. */
const basicConstraints = '551d13';
/** 1.3.6.1.4.1.45724.1.1.4, id-fido-gen-ce-aaguid. */
const fidoAaguid = '2b0601040182e51c010104';

/**
 * Reads a certificate; null if the bytes are not exactly one.
 *
 * Source  RFC 5280 section 4.1; WebAuthn level 3 section 8.2.1.
 */
export function readCertificate(der: Uint8Array): Certificate | null {
  const bytes = Buffer.from(der);
  let x509: X509Certificate;
  try {
    x509 = new X509Certificate(bytes);
  } catch {
    return null;
  }
  // what follows the certificate would be a second spelling of it
  if (!x509.raw.equals(bytes)) return null;
  const body = partsOf(partsOf(bytes)?.[0]?.content)?.[0];
  const fields = partsOf(body?.content);
  if (fields === null) return null;
  const version = partsOf(fields.find(({ tag }) => tag === 0xa0)?.content)?.[0];
  const extensions = extensionsOf(fields.find(({ tag }) => tag === 0xa3)?.content);
  if (extensions === null) return null;
  return {
    x509,
    version: (version?.content[0] ?? 0) + 1,
    basic: basicOf(extensions.get(basicConstraints)),
    aaguid: aaguidOf(extensions.get(fidoAaguid)),
  };
}

/** The certificates of a PEM file, in base64 as in the file. */
export function certificatesOf(pem: string): readonly string[] {
  const found = pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g);
  return [...found].map(([, text = '']) => text.replace(/\s+/g, ''));
}

/** A UUID of 16 bytes. */
export function uuidOf(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

interface Part {
  readonly tag: number;
  readonly content: Buffer;
}

/** The parts of a composite value; null if a length does not fit. */
function partsOf(bytes: Buffer | undefined): readonly Part[] | null {
  if (bytes === undefined) return null;
  const parts: Part[] = [];
  let place = 0;
  while (place < bytes.length) {
    const [tag = 0, short = 0] = [bytes[place], bytes[place + 1]];
    const more = short < 0x80 ? 0 : short & 0x7f;
    if (short === 0x80 || more > 3 || place + 2 + more > bytes.length) return null;
    const length = more === 0 ? short : bytes.readUIntBE(place + 2, more);
    const start = place + 2 + more;
    if (start + length > bytes.length) return null;
    parts.push({ tag, content: bytes.subarray(start, start + length) });
    place = start + length;
  }
  return parts;
}

/** By OID in hexadecimal; null if one is duplicated, which RFC 5280 forbids: two readers could use different ones. */
function extensionsOf(bytes: Buffer | undefined): ReadonlyMap<string, Buffer> | null {
  const found = new Map<string, Buffer>();
  for (const { content } of partsOf(partsOf(bytes)?.[0]?.content) ?? []) {
    const parts = partsOf(content) ?? [];
    const oid = parts[0]?.content.toString('hex') ?? '';
    const value = parts.at(-1);
    if (value?.tag !== 0x04 || found.has(oid)) return null;
    found.set(oid, value.content);
  }
  return found;
}

function basicOf(bytes: Buffer | undefined): Certificate['basic'] {
  const parts = partsOf(partsOf(bytes)?.[0]?.content);
  if (parts === null) return null;
  const length = parts.find(({ tag }) => tag === 0x02)?.content;
  return {
    ca: (parts.find(({ tag }) => tag === 0x01)?.content[0] ?? 0) !== 0,
    pathLength: length === undefined ? null : (length[0] ?? 0),
  };
}

function aaguidOf(bytes: Buffer | undefined): string | null {
  const [inner] = partsOf(bytes) ?? [];
  return inner?.tag === 0x04 && inner.content.length === 16 ? uuidOf(inner.content) : null;
}
