/** The letters of SMART's scopes: create, read, update, delete, search. https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html */
export type Action = 'create' | 'read' | 'update' | 'delete' | 'search';
