/**
 * A note of the trail as a FHIR AuditEvent, in the shapes of IHE's Basic Audit Log Patterns where they have one.
 * https://hl7.org/fhir/R4/auditevent.html, https://profiles.ihe.net/ITI/BALP/content.html
 */
import type { AuditEvent, AuditEventAgent, AuditEventEntity, Coding } from '@medplum/fhirtypes';
import { issue, type Issue } from '../../fhir/model/outcome.ts';
import { isObject, type ResourceTree } from '../../fhir/model/tree.ts';
import type { AuditNote, Happening } from './note.ts';

/** Ids of the trail's own events begin with it; no resource that a client sends may have such a one. */
export const TRAIL_ID = 'audit.';
const OURS = 'urn:embergate:audit-trail';
const BALP = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.';
const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const TYPE = 'http://terminology.hl7.org/CodeSystem/audit-event-type';
const RESTFUL = 'http://hl7.org/fhir/restful-interaction';
const ENTITY = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';
const HAPPENING = 'urn:embergate:audit:happening';
const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';

const dcm = (code: string, display: string): Coding => ({ system: DCM, code, display });
const rest: Coding = { system: TYPE, code: 'rest', display: 'RESTful Operation' };
const restful = (code: string): Coding => ({ system: RESTFUL, code, display: code });

interface Shape {
  readonly type: Coding;
  readonly subtype: readonly Coding[];
  readonly action: AuditEvent['action'];
  /** name of the pattern, and whether there is one for what concerns one patient */
  readonly pattern?: string;
}

const LOGIN = dcm('110114', 'User Authentication');
const ALERT = dcm('110113', 'Security Alert');
const CHANGED = dcm('110137', 'User Security Attributes Changed');

const SHAPES: Readonly<Record<Happening, Shape>> = {
  read: { type: rest, subtype: [restful('read')], action: 'R', pattern: 'Read' },
  vread: { type: rest, subtype: [restful('vread')], action: 'R', pattern: 'Read' },
  search: { type: rest, subtype: [restful('search')], action: 'E', pattern: 'Query' },
  history: { type: rest, subtype: [restful('history')], action: 'R' },
  create: { type: rest, subtype: [restful('create')], action: 'C', pattern: 'Create' },
  update: { type: rest, subtype: [restful('update')], action: 'U', pattern: 'Update' },
  patch: { type: rest, subtype: [restful('patch')], action: 'U', pattern: 'Update' },
  delete: { type: rest, subtype: [restful('delete')], action: 'D', pattern: 'Delete' },
  operation: { type: rest, subtype: [restful('operation')], action: 'E' },
  'sign-in': { type: LOGIN, subtype: [dcm('110122', 'Login')], action: 'E' },
  'sign-out': { type: LOGIN, subtype: [dcm('110123', 'Logout')], action: 'E' },
  'step-up': { type: LOGIN, subtype: [dcm('110122', 'Login')], action: 'E' },
  token: { type: LOGIN, subtype: [dcm('110122', 'Login')], action: 'E' },
  introspection: { type: LOGIN, subtype: [], action: 'E' },
  consent: { type: ALERT, subtype: [CHANGED], action: 'E' },
  revocation: { type: ALERT, subtype: [CHANGED], action: 'E' },
  registration: { type: ALERT, subtype: [CHANGED], action: 'E' },
  administration: { type: ALERT, subtype: [dcm('110136', 'Security Roles Changed')], action: 'E' },
  export: { type: dcm('110106', 'Export'), subtype: [], action: 'R' },
};

const OUTCOMES = { done: '0', refused: '4', failed: '8' } as const;

/** Where the trail is kept, and for whom an event is told. */
export interface Telling {
  /** FHIR base of the tenant */
  readonly base: string;
  readonly site: string;
  /** only what concerns these patients (bare ids); everything when absent */
  readonly only?: readonly string[];
}

/** The event of a note, under an id. `only` must be among its patients. */
export function auditEvent(id: string, whole: AuditNote, telling: Telling): AuditEvent {
  const note = telling.only ? narrowed(whole, telling.only) : whole;
  const shape = SHAPES[note.happening];
  const profile = profileOf(note, shape);
  const recorded = new Date(note.at).toISOString();
  const desc = [note.reason, note.rule && `by ${note.rule}`].filter((one) => one).join('; ');
  return {
    resourceType: 'AuditEvent',
    id,
    meta: {
      versionId: '1',
      lastUpdated: recorded,
      ...(profile !== undefined && { profile: [BALP + profile] }),
    },
    type: shape.type,
    subtype: [...shape.subtype, { system: HAPPENING, code: note.happening }],
    action: shape.action,
    recorded,
    outcome: OUTCOMES[note.outcome],
    ...(desc !== '' && { outcomeDesc: desc }),
    ...(note.purpose !== undefined && {
      purposeOfEvent: [{ coding: [{ system: ACT_REASON, code: note.purpose }] }],
    }),
    agent: agentsOf(note, telling),
    source: {
      site: telling.site,
      observer: { identifier: { system: OURS, value: telling.base }, display: 'Embergate' },
      type: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/security-source-type',
          code: '4',
          display: 'Application Server',
        },
      ],
    },
    entity: entitiesOf(note),
  };
}

/** A note as the patients may know it to whom it is told: nothing of anybody else in it. */
export function narrowed(note: AuditNote, only: readonly string[]): AuditNote {
  const { patients = [], what, of, query, ...rest } = note;
  const own = patients.filter((one) => only.includes(one));
  const places = new Set(patients.flatMap((one, i) => (only.includes(one) ? [i] : [])));
  const seen = of ? what?.filter((_, i) => of[i]!.some((place) => places.has(place))) : what;
  // A search that met others, too, may name them by what it asked.
  const isTheirs = own.length === patients.length;
  return {
    ...rest,
    patients: own,
    ...(seen && { what: seen }),
    ...(isTheirs && query !== undefined && { query }),
  };
}

/** A pattern that demands one resource is only claimed where there is one. */
function profileOf(
  { what = [], patients = [], query, happening }: AuditNote,
  shape: Shape,
): string | undefined {
  const { pattern } = shape;
  if (pattern === undefined) return undefined;
  if (happening === 'search' ? query === undefined : what.length !== 1) return undefined;
  return patients.length === 1 ? `Patient${pattern}` : patients.length === 0 ? pattern : undefined;
}

/** Which way the data goes. */
const ROLES: Readonly<Record<string, readonly [client: Coding, server: Coding]>> = {
  R: [dcm('110152', 'Destination Role ID'), dcm('110153', 'Source Role ID')],
  D: [
    dcm('110150', 'Application'),
    {
      system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type',
      code: 'custodian',
      display: 'Custodian',
    },
  ],
};
const TO_SERVER = [dcm('110153', 'Source Role ID'), dcm('110152', 'Destination Role ID')] as const;

function agentsOf(note: AuditNote, { base }: Telling): AuditEventAgent[] {
  const { who, detail } = note;
  const [client, server] = ROLES[SHAPES[note.happening].action ?? ''] ?? TO_SERVER;
  const isPerson = who.accountId !== undefined || who.fhirUser !== undefined;
  const agents: AuditEventAgent[] = [
    {
      type: { coding: [client] },
      who: { identifier: { system: `${base}/clients`, value: clientName(note) }, display: clientName(note) },
      ...(who.clientId !== undefined && { altId: who.clientId }),
      ...(who.grantId !== undefined && { policy: [`urn:embergate:grant:${who.grantId}`] }),
      requestor: !isPerson,
      ...(detail?.['address'] !== undefined && {
        network: { address: detail['address'], type: '2' as const },
      }),
    },
    {
      type: { coding: [server] },
      who: { identifier: { system: OURS, value: base }, display: 'Embergate' },
      requestor: false,
      network: { address: base, type: '5' },
    },
  ];
  if (isPerson) agents.push(personOf(note));
  return agents;
}

const UNNAMED: Readonly<Record<AuditNote['who']['kind'], string>> = {
  person: 'unknown',
  service: 'unknown',
  open: 'open access',
  server: 'this server',
  nobody: 'nobody known',
};
const clientName = ({ who }: AuditNote): string => who.clientId ?? UNNAMED[who.kind];

const REFERENCE =
  /^(?:Patient|Practitioner|PractitionerRole|RelatedPerson|Organization|Device)\/[A-Za-z0-9\-.]{1,64}$/;

function personOf({ who, happening }: AuditNote): AuditEventAgent {
  const reads = SHAPES[happening].action === 'R' || happening === 'search';
  const code = reads ? 'IRCP' : 'AUT';
  const display = reads ? 'information recipient' : 'author (originator)';
  const user = who.fhirUser;
  const account = who.accountId;
  return {
    type: { coding: [{ system: PARTICIPATION, code, display }] },
    who: {
      ...(user !== undefined && REFERENCE.test(user) && { reference: user }),
      ...(account !== undefined && { identifier: { system: 'urn:embergate:account', value: account } }),
      display: user ?? account ?? 'unknown',
    },
    ...(account !== undefined && { altId: account }),
    requestor: true,
    ...(who.session !== undefined && { policy: [`urn:embergate:session:${who.session}`] }),
  };
}

const kind = (code: string, display: string): Coding => ({ system: ENTITY, code, display });
const role = (code: string, display: string): Coding => ({ system: ROLE, code, display });

function entitiesOf({ requestId, what = [], patients = [], query, detail }: AuditNote): AuditEventEntity[] {
  const entities: AuditEventEntity[] = patients.map((id) => ({
    what: { reference: `Patient/${id}` },
    type: kind('1', 'Person'),
    role: role('1', 'Patient'),
  }));
  if (query !== undefined)
    entities.push({
      type: kind('2', 'System Object'),
      role: role('24', 'Query'),
      query: Buffer.from(query).toString('base64'),
    });
  for (const reference of what)
    entities.push({
      what: { reference },
      type: kind('2', 'System Object'),
      role: role('4', 'Domain Resource'),
    });
  entities.push({
    what: { identifier: { value: requestId } },
    type: {
      system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType',
      code: 'XrequestId',
      display: 'The X-Request-Id value',
    },
    ...(detail &&
      Object.keys(detail).length > 0 && {
        detail: Object.entries(detail).map(([type, valueString]) => ({ type, valueString })),
      }),
  });
  return entities;
}

/** What would pass a client's AuditEvent off as one of the trail. */
export function forgedTrail(tree: ResourceTree): Issue[] {
  if (tree.resourceType !== 'AuditEvent') return [];
  const issues: Issue[] = [];
  const { id, source } = tree;
  if (typeof id === 'string' && id.startsWith(TRAIL_ID))
    issues.push(
      issue(
        'business-rule',
        `Ids that begin with "${TRAIL_ID}" are the trail's own: choose another`,
        'AuditEvent.id',
      ),
    );
  const observer = isObject(source) ? source['observer'] : undefined;
  const identifier = isObject(observer) ? observer['identifier'] : undefined;
  if (isObject(identifier) && identifier['system'] === OURS)
    issues.push(
      issue(
        'business-rule',
        'This server alone observes for its audit trail: name your own system as source.observer',
        'AuditEvent.source.observer',
      ),
    );
  return issues;
}
