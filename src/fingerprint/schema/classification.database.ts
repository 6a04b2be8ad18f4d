import { type CatalogClasses, derived, environment, inFingerprint, ignored, numbered } from './classified.ts';

/** The database, what it exchanges with others, and what every database of the server shares. */
export const databaseCatalogs: Readonly<Record<string, CatalogClasses>> = {
  pg_database: [
    numbered,
    inFingerprint(
      'datdba encoding datlocprovider datistemplate datallowconn datconnlimit datcollate datctype daticulocale',
    ),
    inFingerprint('datlocale daticurules datacl'),
    ignored('datname', 'a copy has another name'),
    derived('dathasloginevt', 'there is or was an event trigger on login'),
    ignored('datfrozenxid datminmxid', 'the age of the rows'),
    ignored('datlastsysoid@14', 'always the same'),
    environment('dattablespace', 'where the server stores it'),
    environment('datcollversion', "the server's library, as it was when the database was made or refreshed"),
  ],
  pg_db_role_setting: [inFingerprint('setdatabase setrole setconfig')],
  pg_namespace: [numbered, inFingerprint('nspname nspowner nspacl')],
  pg_extension: [
    numbered,
    inFingerprint('extname extowner extnamespace extrelocatable extversion extconfig extcondition'),
  ],
  pg_event_trigger: [numbered, inFingerprint('evtname evtevent evtowner evtfoid evtenabled evttags')],
  pg_default_acl: [numbered, inFingerprint('defaclrole defaclnamespace defaclobjtype defaclacl')],
  pg_init_privs: [ignored('*', 'what initdb or an extension granted first: what is granted now is hashed')],
  pg_description: [inFingerprint('objoid classoid objsubid description')],
  pg_shdescription: [
    inFingerprint('description'),
    derived('objoid classoid', 'the database itself; tablespaces and roles belong to the server'),
  ],
  pg_seclabel: [inFingerprint('objoid classoid objsubid provider label')],
  pg_shseclabel: [
    inFingerprint('provider label'),
    derived('objoid classoid', 'the database itself; tablespaces and roles belong to the server'),
  ],
  pg_depend: [
    inFingerprint('refobjid deptype'),
    derived(
      'classid objid objsubid refclassid refobjsubid',
      'follow from definitions; members of extensions, dependence on them, owners of sequences and members of operator classes are hashed',
    ),
  ],
  pg_shdepend: [derived('*', 'follows from owners, privileges, policies and tablespaces')],
  pg_foreign_data_wrapper: [numbered, inFingerprint('fdwname fdwowner fdwhandler fdwvalidator fdwacl fdwoptions')],
  pg_foreign_server: [numbered, inFingerprint('srvname srvowner srvfdw srvtype srvversion srvacl srvoptions')],
  pg_foreign_table: [inFingerprint('ftrelid ftserver ftoptions')],
  pg_user_mapping: [numbered, inFingerprint('umuser umserver umoptions')],
  pg_publication: [
    numbered,
    inFingerprint('pubname pubowner puballtables pubinsert pubupdate pubdelete pubtruncate pubviaroot pubgencols'),
  ],
  pg_publication_rel: [numbered, inFingerprint('prpubid prrelid prqual prattrs')],
  pg_publication_namespace: [numbered, inFingerprint('pnpubid pnnspid')],
  pg_subscription: [
    numbered,
    inFingerprint(
      'subname subowner subenabled subbinary substream subtwophasestate subdisableonerr subpasswordrequired',
    ),
    inFingerprint(
      'subrunasowner subfailover subconninfo subslotname subsynccommit subpublications suborigin subskiplsn',
    ),
    derived('subdbid', 'only those of this database are read'),
  ],
  pg_subscription_rel: [ignored('*', 'how far replication has come')],
  pg_authid: [environment('*', 'roles belong to the server; what they own or may do here is hashed by their names')],
  pg_auth_members: [environment('*', 'roles belong to the server')],
  pg_tablespace: [environment('*', 'tablespaces belong to the server; what is stored in one is hashed by its name')],
  pg_parameter_acl: [environment('*', "privileges on the server's settings")],
  pg_replication_origin: [environment('*', 'belongs to the server')],
};
