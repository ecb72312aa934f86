/**
 * The launch: a chart system opens this page with `iss` (whose record) and `launch` (which patient is open). Without `launch` the app was opened by
 * itself, and asks for a patient to be chosen. fhirclient finds the endpoints, makes the PKCE challenge and goes to the authorization server.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
 */
const parameters = new URLSearchParams(location.search);
const vitals = 'http://terminology.hl7.org/CodeSystem/observation-category|vital-signs';
const scope = [
  parameters.has('launch') ? 'launch' : 'launch/patient',
  'openid fhirUser online_access',
  'patient/Patient.r',
  `patient/Observation.rs?category=${vitals}`,
].join(' ');

if (parameters.has('iss')) {
  window.FHIR.oauth2
    .authorize({ clientId: parameters.get('client_id') ?? 'growth-chart', scope, redirectUri: 'index.html' })
    .catch((error) => say(`The launch failed: ${error.message}`));
} else {
  say('This page is opened by a chart system, with ?iss=<FHIR base URL>. Start it from the app gallery.');
}

function say(text) {
  document.querySelector('#status').textContent = text;
}
