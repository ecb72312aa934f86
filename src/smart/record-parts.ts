/**
 * The parts of a record in the words of the person whose record it is: every resource type of R4 has a name and a place in one group.
 * https://hl7.org/fhir/R4/resourcelist.html and, for the kinds of Condition and Observation, https://hl7.org/fhir/us/core/STU6.1/scopes.html
 */

export interface RecordGroup {
  readonly name: string;
  /** a clause after "see", for what an app will not be able to do; absent: not worth saying */
  readonly unseen?: string;
  /** resource type -> what it holds, in plain words */
  readonly types: Readonly<Record<string, string>>;
}

/** In the order in which they are shown. */
export const RECORD_GROUPS: readonly RecordGroup[] = [
  {
    name: 'About the person',
    types: {
      Patient: 'Name, birth date, sex and contact details',
      RelatedPerson: 'Family and other contacts',
      Person: 'Links between records of one person',
    },
  },
  {
    name: 'Health problems',
    unseen: 'see diagnoses or allergies',
    types: {
      Condition: 'Diagnoses and health problems',
      AllergyIntolerance: 'Allergies',
      FamilyMemberHistory: 'Illnesses in the family',
      ClinicalImpression: 'Clinical assessments',
      RiskAssessment: 'Risk assessments',
      AdverseEvent: 'Harm that happened in care',
      DetectedIssue: 'Warnings about treatment',
      Flag: 'Alerts',
    },
  },
  {
    name: 'Results and measurements',
    unseen: 'see lab results or measurements',
    types: {
      Observation: 'Lab results, measurements and observations',
      DiagnosticReport: 'Reports of tests and imaging',
      ImagingStudy: 'Imaging studies',
      Media: 'Pictures and recordings',
      Specimen: 'Samples taken',
      MolecularSequence: 'Genetic sequences',
      BodyStructure: 'Places in the body',
      QuestionnaireResponse: 'Answers to questionnaires',
    },
  },
  {
    name: 'Medicines and vaccines',
    unseen: 'see medicines or vaccines',
    types: {
      MedicationRequest: 'Prescriptions',
      MedicationStatement: 'Medicines taken',
      MedicationDispense: 'Medicines handed out',
      MedicationAdministration: 'Medicines given',
      Medication: 'What a medicine is made of',
      Immunization: 'Vaccines given',
      ImmunizationRecommendation: 'Vaccines due',
      ImmunizationEvaluation: 'Whether a vaccine counts',
      NutritionOrder: 'Diet orders',
      VisionPrescription: 'Glasses and lenses',
    },
  },
  {
    name: 'Care and visits',
    unseen: 'see visits or care plans',
    types: {
      Encounter: 'Visits',
      Appointment: 'Appointments',
      AppointmentResponse: 'Replies to appointments',
      EpisodeOfCare: 'Episodes of care',
      Procedure: 'Procedures and operations',
      CarePlan: 'Care plans',
      CareTeam: 'The care team',
      Goal: 'Goals of care',
      ServiceRequest: 'Orders and referrals',
      RequestGroup: 'Groups of orders',
      Task: 'Tasks in care',
      Communication: 'Messages about care',
      CommunicationRequest: 'Messages to be sent',
      GuidanceResponse: 'Advice from decision support',
      List: 'Lists kept in the record',
      ResearchSubject: 'Part in studies',
      Group: 'Groups that the person is in',
    },
  },
  {
    name: 'Notes and documents',
    unseen: 'see notes or documents',
    types: {
      DocumentReference: 'Notes and documents',
      DocumentManifest: 'Sets of documents',
      Composition: 'Summaries and letters',
      Binary: 'The files themselves',
      Consent: 'Consents given',
      Bundle: 'Stored documents',
    },
  },
  {
    name: 'Devices and supplies',
    types: {
      Device: 'Implants and devices',
      DeviceRequest: 'Orders for devices',
      DeviceUseStatement: 'Use of devices',
      DeviceMetric: 'Settings of devices',
      SupplyRequest: 'Orders for supplies',
      SupplyDelivery: 'Supplies delivered',
      BiologicallyDerivedProduct: 'Blood and tissue products',
      Substance: 'Substances',
    },
  },
  {
    name: 'Insurance and bills',
    unseen: 'see insurance or bills',
    types: {
      Coverage: 'Insurance',
      Claim: 'Claims to insurance',
      ClaimResponse: 'Answers to claims',
      ExplanationOfBenefit: 'What insurance paid',
      CoverageEligibilityRequest: 'Questions to insurance',
      CoverageEligibilityResponse: 'Answers of insurance',
      EnrollmentRequest: 'Enrolments asked for',
      EnrollmentResponse: 'Enrolments answered',
      Account: 'Accounts for bills',
      ChargeItem: 'Charges',
      Invoice: 'Bills',
      PaymentNotice: 'Payments made',
      PaymentReconciliation: 'Payments matched',
      InsurancePlan: 'Insurance plans',
      Contract: 'Contracts',
    },
  },
  {
    name: 'People and places of care',
    types: {
      Practitioner: 'Doctors, nurses and others',
      PractitionerRole: 'Who works where',
      Organization: 'Hospitals, practices and other organizations',
      OrganizationAffiliation: 'How organizations work together',
      Location: 'Places',
      HealthcareService: 'Services on offer',
      Schedule: 'Schedules',
      Slot: 'Free times',
      Endpoint: 'Addresses of systems',
    },
  },
  {
    name: 'Who did what with the record',
    types: {
      Provenance: 'Where each entry came from',
      AuditEvent: 'Who looked at the record',
      VerificationResult: 'What was checked',
      Basic: 'Notes that apps keep for themselves',
      Linkage: 'Entries that mean the same',
      MessageHeader: 'Messages between systems',
      Subscription: 'Notices of changes',
    },
  },
  {
    name: 'Knowledge and rules, of no one’s record',
    types: {
      ActivityDefinition: 'Kinds of orders',
      CapabilityStatement: 'What systems can do',
      CatalogEntry: 'Catalogues',
      ChargeItemDefinition: 'Price rules',
      CodeSystem: 'Codes',
      CompartmentDefinition: 'Rules of what is in a record',
      ConceptMap: 'Translations of codes',
      DeviceDefinition: 'Kinds of devices',
      EffectEvidenceSynthesis: 'Effects in studies',
      EventDefinition: 'Kinds of events',
      Evidence: 'Evidence',
      EvidenceVariable: 'What studies looked at',
      ExampleScenario: 'Examples',
      GraphDefinition: 'Graphs of resources',
      ImplementationGuide: 'Guides for systems',
      Library: 'Rules and libraries',
      Measure: 'Quality measures',
      MeasureReport: 'Results of quality measures',
      MedicationKnowledge: 'Knowledge about medicines',
      MedicinalProduct: 'Medicinal products',
      MedicinalProductAuthorization: 'Approvals of products',
      MedicinalProductContraindication: 'When not to use a product',
      MedicinalProductIndication: 'What a product is for',
      MedicinalProductIngredient: 'Ingredients of products',
      MedicinalProductInteraction: 'Interactions of products',
      MedicinalProductManufactured: 'How products are made',
      MedicinalProductPackaged: 'Packages of products',
      MedicinalProductPharmaceutical: 'Forms of products',
      MedicinalProductUndesirableEffect: 'Side effects of products',
      MessageDefinition: 'Kinds of messages',
      NamingSystem: 'Systems of identifiers',
      ObservationDefinition: 'Kinds of observations',
      OperationDefinition: 'Operations of systems',
      OperationOutcome: 'Messages of the system',
      Parameters: 'Parameters of operations',
      PlanDefinition: 'Care protocols',
      Questionnaire: 'Questionnaires',
      ResearchDefinition: 'Questions of studies',
      ResearchElementDefinition: 'Parts of studies',
      ResearchStudy: 'Studies',
      RiskEvidenceSynthesis: 'Risks in studies',
      SearchParameter: 'Ways to search',
      SpecimenDefinition: 'Kinds of samples',
      StructureDefinition: 'Shapes of data',
      StructureMap: 'Translations of data',
      SubstanceNucleicAcid: 'Nucleic acids',
      SubstancePolymer: 'Polymers',
      SubstanceProtein: 'Proteins',
      SubstanceReferenceInformation: 'References about substances',
      SubstanceSourceMaterial: 'Sources of substances',
      SubstanceSpecification: 'Specifications of substances',
      TerminologyCapabilities: 'What terminology servers can do',
      TestReport: 'Reports of system tests',
      TestScript: 'System tests',
      ValueSet: 'Sets of codes',
    },
  },
];

/** The last group is knowledge, not a part of anyone's record. */
export const PERSONAL_GROUPS: readonly RecordGroup[] = RECORD_GROUPS.slice(0, -1);

const OBSERVATION = 'http://terminology.hl7.org/CodeSystem/observation-category';
const CONDITION = 'http://terminology.hl7.org/CodeSystem/condition-category';
const US_CORE = 'http://hl7.org/fhir/us/core/CodeSystem';

export interface Kind {
  /** value of the search parameter `category` */
  readonly category: string;
  readonly title: string;
}

/** Kinds that are offered in place of the whole, as ONC (g)(10) wants it of Condition and Observation. */
export const KINDS: Readonly<Record<string, readonly Kind[]>> = {
  Condition: [
    { category: `${CONDITION}|problem-list-item`, title: 'The list of current problems' },
    { category: `${CONDITION}|encounter-diagnosis`, title: 'Diagnoses made at visits' },
    { category: `${US_CORE}/condition-category|health-concern`, title: 'Health concerns' },
  ],
  Observation: [
    { category: `${OBSERVATION}|laboratory`, title: 'Lab results' },
    {
      category: `${OBSERVATION}|vital-signs`,
      title: 'Vital signs, such as height, weight and blood pressure',
    },
    { category: `${US_CORE}/us-core-observation-category|clinical-test`, title: 'Other clinical tests' },
    { category: `${OBSERVATION}|social-history`, title: 'Social history, such as smoking' },
    { category: `${US_CORE}/us-core-category|sdoh`, title: 'Living conditions, such as food and housing' },
    { category: `${OBSERVATION}|survey`, title: 'Answers to surveys' },
  ],
};

/** Words for other categories that apps ask for, by type and code. */
export const CATEGORY_WORDS: Readonly<Record<string, string>> = {
  'DocumentReference clinical-note': 'Clinical notes',
  'DiagnosticReport LAB': 'Lab reports',
  'DiagnosticReport imaging': 'Imaging reports',
  'Observation imaging': 'Imaging findings',
  'Observation exam': 'Findings of examinations',
  'Observation procedure': 'Findings of procedures',
  'Observation therapy': 'Observations of therapy',
  'Observation activity': 'Physical activity',
};
