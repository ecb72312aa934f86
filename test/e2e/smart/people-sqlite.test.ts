/** What people see and change on the pages, over the embedded store. docs/adr/0035 */
import { describe } from '@jest/globals';
import { startSmartServer } from '../../support/smart-server.ts';
import { agreementsHold } from './agreements.ts';
import { trailIsTold } from './trail-pages.ts';

describe('what was agreed to', () => agreementsHold(startSmartServer));
describe('the trail on the pages', () => trailIsTold(startSmartServer));
