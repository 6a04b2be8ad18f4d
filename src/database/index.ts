export { type Binaries, embeddedBinaries, findBinaries } from './binaries.io.ts';
export { type AddressParts, parseAddress } from './address.ts';
export { type Connection, describe, type Secret, secret } from './connection.ts';
export { measureMetric, type MetricQuery, type Reader, readerOf } from './metric.io.ts';
export { type Network } from './network.io.ts';
export { openPool, type Pool } from './pool.io.ts';
export { type Harmless, harmlessForm, observerGrants, observerStatements } from './observer.ts';
export { type Observer, type ObserverOptions, openObserver, type Reading } from './observer.io.ts';
export { type AddressSource, resolveConnection } from './resolve.io.ts';
export {
  createCluster,
  ownFolder,
  type Server,
  type ServerPlan,
  startServer,
  startTemporaryServer,
} from './server.io.ts';
export { type Notice, noticeForm, type Notification, notificationForm, type StepResult } from './session.ts';
export { openSession, type Rows, type Session, type SessionOptions } from './session.io.ts';
export { noTimeouts, pinnedSettings, setAll, stepName } from './settings.ts';
export { fixed, id, literal, searchPathOf, type Sql, sql, unionAll } from './sql.ts';
export { foundElsewhere } from './elsewhere.io.ts';
export { type Located, problemOf, sqlStateOf } from './sqlstate.ts';
