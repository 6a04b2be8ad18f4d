/** A value of the part of CBOR that authenticators write. */
export type Cbor = number | string | boolean | null | Uint8Array | readonly Cbor[] | ReadonlyMap<string | number, Cbor>;

/** Nothing of an authenticator is nested deeper. */
const deepest = 8;

/**
 * Reads one value from the front of some bytes; null where they are not of this part of CBOR: whole numbers of at most 32 bits, texts,
 * bytes, lists, maps whose keys are texts or numbers and stand once, true, false, null; all lengths written out.
 *
 * Source  RFC 8949; CTAP 2.1 section 8 (message encoding).
 */
export function readCbor(bytes: Uint8Array): { readonly value: Cbor; readonly size: number } | null {
  const source = Buffer.from(bytes);
  let place = 0;
  const take = (size: number): Buffer => {
    if (place + size > source.length) throw new RangeError('it was cut off');
    place += size;
    return source.subarray(place - size, place);
  };
  const argument = (short: number): number => {
    if (short < 24) return short;
    if (short > 26) throw new RangeError('it has a number of 64 bits, or an indefinite length');
    const size = 2 ** (short - 24);
    return take(size).readUIntBE(0, size);
  };
  const read = (depth: number): Cbor => {
    const head = take(1).readUInt8(0);
    const [kind, short] = [head >> 5, head & 31];
    if (depth > deepest) throw new RangeError('it is nested too deeply');
    if (kind === 7) {
      if (short === 20 || short === 21) return short === 21;
      if (short === 22) return null;
      throw new RangeError('it has an unknown simple value or a fraction');
    }
    const size = argument(short);
    switch (kind) {
      case 0:
        return size;
      case 1:
        return -1 - size;
      case 2:
        return new Uint8Array(take(size));
      case 3:
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(take(size));
      case 4:
        return readMany(size, () => read(depth + 1));
      case 5:
        return readMap(size, () => read(depth + 1));
      default:
        throw new RangeError('a tag');
    }
  };
  try {
    const value = read(0);
    return { value, size: place };
  } catch (error) {
    // of RangeError and TypeError alone: they are what a malformed value ends in
    if (error instanceof RangeError || error instanceof TypeError) return null;
    throw error;
  }
}

function readMany<T>(count: number, read: () => T): T[] {
  const found: T[] = [];
  // each takes a byte at least, so a count that lies ends at the end of the bytes
  for (let at = 0; at < count; at += 1) found.push(read());
  return found;
}

function readMap(count: number, read: () => Cbor): ReadonlyMap<string | number, Cbor> {
  const map = new Map<string | number, Cbor>();
  for (let at = 0; at < count; at += 1) {
    const key = read();
    if ((typeof key !== 'string' && typeof key !== 'number') || map.has(key)) throw new RangeError('a key');
    map.set(key, read());
  }
  return map;
}
