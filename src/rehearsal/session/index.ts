export { gone, rehearsalInterrupted, requirementRefused } from './refused-statement.ts';
export { asAdministrator, reset, roleOf, withReleaseSession } from './release-session.io.ts';
export { readRole } from './role.io.ts';
export { explainRole, type RehearsedAs, roleForm, sessionRole } from './role.ts';
export { unknownTimezone } from './timezone.io.ts';
