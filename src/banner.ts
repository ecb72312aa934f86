/** What `npm start` prints: where everything is, and a command to copy for each way in. */
import type { Config } from './config.ts';

/** Ids of two patients of the demo, when it is loaded. */
export interface DemoPeople {
  readonly patient: string;
  readonly child: string;
}

export function banner(config: Config, url: string, people: DemoPeople | undefined): string {
  const base = `${url}/fhir`;
  const demo = people
    ? [
        `  Demo patients    Daniel Okafor, 58  ${base}/Patient/${people.patient}`,
        `                   Maya Chen, 7       ${base}/Patient/${people.child}`,
      ]
    : [];
  const heights = people ? `patient=${people.child}&` : '';
  const rows = [
    '',
    `Embergate is ready.`,
    '',
    `  FHIR R4 base     ${base}`,
    `  Capabilities     ${base}/metadata`,
    `  Health, metrics  ${url}/readyz  ${url}/metrics`,
    `  Store            ${config.store.kind === 'sqlite' ? `SQLite, folder ${config.store.location}` : 'MongoDB'}`,
    `  Access           open: no token is asked for, and only this machine can reach it`,
    ...demo,
    '',
    'Try it:',
    `  curl '${base}/Patient?_count=3&_pretty=true'`,
    `  curl '${base}/Observation?${heights}code=http://loinc.org|8302-2&_sort=-date&_count=5&_pretty=true'`,
    `  curl -H 'Content-Type: application/fhir+json' -d '{"resourceType":"Patient","name":[{"family":"Ember"}]}' '${base}/Patient'`,
    '',
    'Ctrl-C stops it; what is stored stays.',
    '',
  ];
  return rows.join('\n');
}
