/** New logical ids: UUID version 7, so that neighbours in time are neighbours in an index. */
export { v7 as uuidv7 } from 'uuid';
