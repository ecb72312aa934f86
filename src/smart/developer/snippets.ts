/**
 * A way into this server for one registered app, as text that runs when it is pasted: curl in a shell, Python with nothing installed, fhirclient in a page.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html, client-confidential-asymmetric.html
 */
import type { ClientRecord } from '../registered-clients.ts';
import { kindOf, type AppKind } from './register-app.ts';

export interface Snippet {
  readonly name: 'curl' | 'Python' | 'fhirclient';
  /** what it does, and what it needs beside it */
  readonly about: string;
  readonly code: string;
}

interface Ways {
  readonly kind: AppKind;
  readonly base: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** without `launch`, which a launch from a chart alone can ask for */
  readonly scope: string;
  readonly kid: string;
}

export function snippetsFor(client: ClientRecord, base: string): readonly Snippet[] {
  const kind = kindOf(client);
  const ways: Ways = {
    kind,
    base,
    clientId: client.client_id,
    redirectUri: client.redirect_uris[0] ?? '',
    scope: standalone(client.smart_scopes ?? ''),
    kid: String(client.jwks?.keys[0]?.['kid'] ?? 'the-kid-of-your-key'),
  };
  if (kind === 'backend') return [curlBackend(ways), pythonBackend(ways)];
  return [...(kind === 'public' ? [page(ways)] : []), curlWithPerson(ways), pythonWithPerson(ways)];
}

const standalone = (scope: string): string =>
  scope
    .split(' ')
    .filter((one) => one !== 'launch' && one !== '')
    .join(' ');

/** A text within single quotes of a shell. */
const sh = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
/** A literal that JavaScript and Python read alike, and that ends no script element. */
const literal = (text: string): string => JSON.stringify(text).replaceAll('<', '\\u003c');

const NEEDS_SECRET = 'Put the secret into CLIENT_SECRET first.';
const NEEDS_KEY = 'The private key lies beside it as private-key.pem (RSA).';

const need = (kind: AppKind): string =>
  kind === 'secret' ? ` ${NEEDS_SECRET}` : kind === 'public' ? '' : ` ${NEEDS_KEY}`;

const SHELL_ENDPOINT = `CONFIG=$(curl -fsS "$BASE/.well-known/smart-configuration")
endpoint() { printf '%s' "$CONFIG" | sed -n "s/.*\\"$1\\":\\"\\([^\\"]*\\)\\".*/\\1/p"; }
member() { sed -n "s/.*\\"$1\\":\\"\\([^\\"]*\\)\\".*/\\1/p"; }
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }`;

const shellAssertion = ({ kid }: Ways): string => `TOKEN_URL=$(endpoint token_endpoint)
HEADER=$(printf '{"alg":"RS384","typ":"JWT","kid":"%s"}' ${sh(kid)} | base64url)
CLAIMS=$(printf '{"iss":"%s","sub":"%s","aud":"%s","exp":%d,"jti":"%s"}' "$CLIENT_ID" "$CLIENT_ID" "$TOKEN_URL" "$(($(date +%s) + 240))" "$(openssl rand -hex 16)" | base64url)
SIGNATURE=$(printf '%s.%s' "$HEADER" "$CLAIMS" | openssl dgst -sha384 -sign private-key.pem -binary | base64url)`;

const SHELL_ASSERTION_FIELDS = `-d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \\
  -d "client_assertion=$HEADER.$CLAIMS.$SIGNATURE"`;

function curlBackend(ways: Ways): Snippet {
  const code = `BASE=${sh(ways.base)}
CLIENT_ID=${sh(ways.clientId)}
SCOPE=${sh(ways.scope)}
${SHELL_ENDPOINT}
${shellAssertion(ways)}
TOKEN=$(curl -fsS "$TOKEN_URL" -d grant_type=client_credentials --data-urlencode "scope=$SCOPE" \\
  ${SHELL_ASSERTION_FIELDS} | member access_token)
curl -fsS "$BASE/Patient?_count=1" -H "Authorization: Bearer $TOKEN"
`;
  return { name: 'curl', about: `Signs an assertion with openssl and reads a patient. ${NEEDS_KEY}`, code };
}

const SHELL_SENDER: Readonly<Record<Exclude<AppKind, 'backend'>, string>> = {
  public: '-d "client_id=$CLIENT_ID"',
  secret: '-u "$CLIENT_ID:$CLIENT_SECRET"',
  key: SHELL_ASSERTION_FIELDS,
};

function curlWithPerson(ways: Ways): Snippet {
  const kind = ways.kind as Exclude<AppKind, 'backend'>;
  const secret =
    kind === 'secret' ? `CLIENT_SECRET=\${CLIENT_SECRET:?put the secret into CLIENT_SECRET}\n` : '';
  const code = `BASE=${sh(ways.base)}
CLIENT_ID=${sh(ways.clientId)}
${secret}REDIRECT_URI=${sh(ways.redirectUri)}
SCOPE=${sh(ways.scope)}
${SHELL_ENDPOINT}
encode() { printf '%s' "$1" | sed 's/%/%25/g; s/ /%20/g; s/&/%26/g; s/+/%2B/g; s/#/%23/g; s/?/%3F/g; s/|/%7C/g'; }
VERIFIER=$(openssl rand -base64 48 | tr '+/' '-_')
CHALLENGE=$(printf '%s' "$VERIFIER" | openssl dgst -sha256 -binary | base64url)
STATE=$(openssl rand -hex 16)
echo "Open this in a browser, sign in, and copy the address that you come to in the end:"
echo "$(endpoint authorization_endpoint)?response_type=code&client_id=$(encode "$CLIENT_ID")&redirect_uri=$(encode "$REDIRECT_URI")&scope=$(encode "$SCOPE")&state=$STATE&aud=$(encode "$BASE")&code_challenge=$CHALLENGE&code_challenge_method=S256"
printf 'That address: '; read -r BACK
CODE=$(printf '%s' "$BACK" | sed -n 's/.*[?&]code=\\([^&#]*\\).*/\\1/p')
${kind === 'key' ? `${shellAssertion(ways)}\n` : ''}ANSWER=$(curl -fsS "$(endpoint token_endpoint)" ${SHELL_SENDER[kind]} -d grant_type=authorization_code -d "code=$CODE" \\
  --data-urlencode "redirect_uri=$REDIRECT_URI" -d "code_verifier=$VERIFIER")
TOKEN=$(printf '%s' "$ANSWER" | member access_token)
PATIENT=$(printf '%s' "$ANSWER" | member patient)
curl -fsS "$BASE/Patient/$PATIENT" -H "Authorization: Bearer $TOKEN"
`;
  const about = `A standalone launch: prints the address to open, takes the code, reads the patient.${need(kind)}`;
  return { name: 'curl', about, code };
}

const PYTHON_ASSERTION = `
def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

def assertion():
    header = {"alg": "RS384", "typ": "JWT", "kid": KID}
    claims = {"iss": CLIENT_ID, "sub": CLIENT_ID, "aud": config["token_endpoint"],
              "exp": int(time.time()) + 240, "jti": secrets.token_hex(16)}
    text = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    signature = subprocess.run(["openssl", "dgst", "-sha384", "-sign", "private-key.pem", "-binary"],
                               input=text.encode(), capture_output=True, check=True).stdout
    return {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": text + "." + base64url(signature)}
`;

function pythonBackend(ways: Ways): Snippet {
  const code = `import base64, json, secrets, subprocess, time, urllib.parse, urllib.request

BASE = ${literal(ways.base)}
CLIENT_ID = ${literal(ways.clientId)}
KID = ${literal(ways.kid)}
SCOPE = ${literal(ways.scope)}

def fetch(url, form=None, headers={}):
    body = urllib.parse.urlencode(form).encode() if form else None
    return json.load(urllib.request.urlopen(urllib.request.Request(url, body, headers)))

config = fetch(BASE + "/.well-known/smart-configuration")
${PYTHON_ASSERTION}
token = fetch(config["token_endpoint"], {"grant_type": "client_credentials", "scope": SCOPE, **assertion()})
patients = fetch(BASE + "/Patient?_count=1", headers={"Authorization": "Bearer " + token["access_token"]})
print(json.dumps(patients, indent=2))
`;
  return {
    name: 'Python',
    about: `The same with Python 3 and openssl, nothing installed. ${NEEDS_KEY}`,
    code,
  };
}

function pythonWithPerson(ways: Ways): Snippet {
  const { kind } = ways;
  const code = `import base64, hashlib, http.server, json, os, secrets, subprocess, time, urllib.parse, urllib.request, webbrowser

BASE = ${literal(ways.base)}
CLIENT_ID = ${literal(ways.clientId)}
${kind === 'secret' ? 'CLIENT_SECRET = os.environ["CLIENT_SECRET"]\n' : ''}${kind === 'key' ? `KID = ${literal(ways.kid)}\n` : ''}REDIRECT_URI = ${literal(ways.redirectUri)}
SCOPE = ${literal(ways.scope)}

def fetch(url, form=None, headers={}):
    body = urllib.parse.urlencode(form).encode() if form else None
    return json.load(urllib.request.urlopen(urllib.request.Request(url, body, headers)))

config = fetch(BASE + "/.well-known/smart-configuration")
verifier = secrets.token_urlsafe(48)
state = secrets.token_urlsafe(16)
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
question = urllib.parse.urlencode({
    "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": REDIRECT_URI, "scope": SCOPE, "state": state,
    "aud": BASE, "code_challenge": challenge, "code_challenge_method": "S256"})
address = config["authorization_endpoint"] + "?" + question
print("Sign in at", address)
webbrowser.open(address)
back = input("Paste the address that you come to in the end: ")
answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))
assert answer["state"] == state, "This answer belongs to another request"
${kind === 'key' ? PYTHON_ASSERTION : ''}
form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": REDIRECT_URI, "code_verifier": verifier}
headers = {}
${PYTHON_SENDER[kind]}
token = fetch(config["token_endpoint"], form, headers)
patient = fetch(BASE + "/Patient/" + token["patient"], headers={"Authorization": "Bearer " + token["access_token"]})
print(json.dumps(patient, indent=2))
`;
  return { name: 'Python', about: `The same with Python 3, nothing installed.${need(kind)}`, code };
}

const PYTHON_SENDER: Readonly<Record<AppKind, string>> = {
  public: 'form["client_id"] = CLIENT_ID',
  secret:
    'headers["Authorization"] = "Basic " + base64.b64encode((CLIENT_ID + ":" + CLIENT_SECRET).encode()).decode()',
  key: 'form.update(assertion())',
  backend: '',
};

/** One version, and no other file under its name: what else came would run with the patient's token. */
const FHIRCLIENT = `<script src="https://cdn.jsdelivr.net/npm/fhirclient@2.6.3/build/fhir-client.min.js" crossorigin="anonymous"
  integrity="sha384-qHphqMcrDwvKCiYhwG6aB/4ahnqOtMoKOH3NTioXSOc3FsRC3Oo4mgW+8W1Iyb/q"></script>`;

function page(ways: Ways): Snippet {
  const settings = `clientId: ${literal(ways.clientId)},
  scope: ${literal(`launch ${ways.scope}`)},
  redirectUri: ${literal(ways.redirectUri)},
  pkceMode: "required"`;
  const code = `<!-- the page of your launch URL; opened by itself it begins a standalone launch -->
${FHIRCLIENT}
<script>
const launched = new URLSearchParams(location.search).has("launch");
FHIR.oauth2.authorize({
  ${settings},
  ...(!launched && { iss: ${literal(ways.base)}, scope: ${literal(ways.scope)} })
});
</script>

<!-- the page of your redirect URI -->
${FHIRCLIENT}
<pre id="patient"></pre>
<script>
FHIR.oauth2.ready()
  .then((client) => client.patient.read())
  .then((patient) => { document.getElementById("patient").textContent = JSON.stringify(patient, null, 2); });
</script>
`;
  return {
    name: 'fhirclient',
    about: 'Two pages: one begins the launch, the other reads the patient.',
    code,
  };
}
