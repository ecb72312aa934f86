/** Whether the demo is to be loaded, or is there: by the setting and by durable marks in the store. */
import type { Config } from './config.ts';
import type { TenantStore } from './store/ports.ts';

export const DEMO_SEED = 1;
/** Names of durable marks in the store: when the demo was begun, and when it was complete. */
export const BEGUN = 'demo-begun';
export const COMPLETE = 'demo-complete';
const DEFAULT_LOCATION = './data';

/** `on`, or `auto` with the default store that is empty or whose demo is not complete. */
export async function wantsDemo(config: Config, store: TenantStore): Promise<boolean> {
  if (config.demo === 'off' || (await store.feed.cursor(COMPLETE)) > 0) return false;
  if (config.demo === 'on') return true;
  const isDefault = config.store.kind === 'sqlite' && config.store.location === DEFAULT_LOCATION;
  return isDefault && ((await store.feed.last()) === 0 || (await store.feed.cursor(BEGUN)) > 0);
}

/** Whether the demo's records are there, or on their way. */
export async function hasDemo(config: Config, store: TenantStore): Promise<boolean> {
  return (await store.feed.cursor(COMPLETE)) > 0 || wantsDemo(config, store);
}
