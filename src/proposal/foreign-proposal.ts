/** What each refused proposal is introduced by. */
export const foreignSaid = 'this host did not make this proposal for this release';

/** What people do about one. */
export const foreignFix =
  'do not sign it; find out who can write evidence (oneroof log shows who recorded it), and request a proposal from this host: oneroof ratify RELEASE';
