// Where the data lies that is not in the repository: SHARED_DATA, else `../shared/data` beside the checkout.

import { join, resolve } from 'node:path';

const FOLDER = process.env.SHARED_DATA ?? resolve(import.meta.dirname, '..', '..', 'shared', 'data');

export const sharedData = (...names: readonly string[]): string => join(FOLDER, ...names);
