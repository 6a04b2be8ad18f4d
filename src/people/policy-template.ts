/**
 * A first policy, with a comment on each key. At `http://localhost` it is one to try things out with; at `https` one for production.
 *
 * Source  docs/FORMAT.md "Policy".
 */
export function policyText(origin: string): string {
  const { hostname, protocol } = new URL(origin);
  const isProduction = protocol === 'https:';
  const seats = isProduction
    ? '\n  - level: 2\n  - { level: 4, device: bound }   # a key that cannot leave its device'
    : ' [{ level: 2 }]';
  return `# Who must ratify a release, and when that counts (docs/FORMAT.md, "Policy").
# \`oneroof policy check\` checks it. After a gate is installed with it, the next version counts when the quorum has signed it.
format: 1
name: first
${
  isProduction
    ? 'production: true'
    : `# For a trial on this machine: NOT FOR PRODUCTION. For production: oneroof policy init --origin https://… --out FILE
production: false`
}

# The address of the page on which people sign, and the domain that their passkeys are for. Whoever changes these needs new passkeys.
origin: ${origin}
rpId: ${hostname}

# One person for each seat, of at least this level (1 to 9, as the registry says), each another person.
seats:${seats}
# Further seats for a release with a tier that has no rollback.
oneWaySeats: []

window:
  longest: 24h        # how long a ratification is valid at most
  review: ${isProduction ? '30min' : '1s   '}       # how long people must have had the release before a signature counts
  rollback: 7d        # how much longer its rollback stays open
rehearsal:
  maxAge: 3d          # an older rehearsal does not count
  # sampled: allowed  # one on a sample of production counts too; without this it does not

# A tier before which people are asked once more, in each rollout:
# holdPoints:
#   - { before: 3-ownership, seats: [{ level: 4 }] }

# Who signs the next registry, the next policy, and what ends a release.
quorum:${seats}

authenticators:
  aaguids: null       # models of authenticators that count; null: every one
  # required: a vendor's certificate vouches for each key, checked against roots: [vendor.pem]. none: you hand the authenticators out.
  attestation: none
`;
}
