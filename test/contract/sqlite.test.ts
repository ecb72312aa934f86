/** The contracts of a store on the embedded SQLite. */
import { openSqliteStores } from '../../src/store/sqlite/stores.ts';
import { searchAgreement } from './search-agreement.ts';

searchAgreement('SQLite', () => openSqliteStores({ location: ':memory:' }));
