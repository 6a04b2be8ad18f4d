export {
  type Binaries,
  embeddedBinaries,
  findBinaries,
  packagedMajors,
  systemFolders,
} from './binaries.io.ts';
export { serverEdition } from './edition.io.ts';
export {
  fetchServer,
  foundServer,
  listServers,
  offerServer,
  removeServer,
  type ServerOffer,
} from './added-server.io.ts';
export { type AddressParts, parseAddress } from './address.ts';
export { type Connection, describe, type Secret, secret } from './connection.ts';
export { measureMetric, type MetricQuery, type RowReader, readerOf } from './metric.io.ts';
export { launchWithout, type Network } from './network.io.ts';
export { libpqEnvironment } from './libpq.io.ts';
export { type IdentifiedSystem, identifySystem } from './replication.io.ts';
export { openPool, type Pool } from './pool.io.ts';
export {
  basebackupGrants,
  basebackupStatements,
  dumpGrants,
  dumpStatements,
  observerGrants,
  observerStatements,
} from './grants.ts';
export { type Harmless, harmlessForm } from './observer.ts';
export { findGuarded, type Guarded } from './guarded.io.ts';
export { findUnseen, type Unseen } from './unseen.io.ts';
export { type Observer, type ObserverOptions, openObserver, type Snapshot } from './observer.io.ts';
export { type AddressSource, resolveConnection } from './resolve.io.ts';
export {
  createCluster,
  ownFolder,
  type Server,
  type ServerPlan,
  joinServer,
  runningOn,
  startServer,
  startTemporaryServer,
} from './server.io.ts';
export { type Notice, noticeForm, type Notification, notificationForm, type StepResult } from './session.ts';
export { openSession, type Rows, type Session, type SessionOptions } from './session.io.ts';
export { noTimeouts, pinnedSettings, setAll, stepName } from './settings.ts';
export { lockModes } from './lock-modes.ts';
export { fixed, id, literal, searchPathOf, type Sql, sql, unionAll } from './sql.ts';
export { openWire, type Wire } from './wire.io.ts';
export { copyBetween, type CopyWatch, readSome, runOn } from './copy-between.io.ts';
export { type Behind, findBehind } from './behind.io.ts';
export { findInvalidIndexes, type InvalidIndex } from './invalid-indexes.io.ts';
export { foundElsewhere } from './other-schema.io.ts';
export { explainRefusedRows } from './refused-rows.io.ts';
export { isRowSecurity, type Located, problemOf, sqlStateOf } from './sqlstate.ts';
