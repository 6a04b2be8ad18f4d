const prefix = 'whsec_';
const base64 =
  /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$|^(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/;

/**
 * The key that the secret of a webhook stands for: behind `whsec_` there is base64, any other text is the key itself. null: it is not base64.
 *
 * Source  Standard Webhooks 1.0, "Signature scheme".
 */
export function signingKey(secret: string): Uint8Array | null {
  if (!secret.startsWith(prefix)) return Buffer.from(secret);
  const encoded = secret.slice(prefix.length);
  return base64.test(encoded) ? Buffer.from(encoded, 'base64') : null;
}
