/** New logical ids: UUID version 7, so that neighbours in time are neighbours in an index. https://www.rfc-editor.org/rfc/rfc9562#section-5.7 */
import { v7 } from 'uuid';
import { chance } from '../chance.ts';

export const uuidv7 = (): string => v7({ random: chance(16) });
