"""Reproducibility checklists, answered as far as a study's records can.

Items stand in the order of the edition that is named, so that their place is their number. Their
names are abbreviated, and the parts of an item (TRIPOD+AI's 3a to 27c) are answered as one: the
original has to be consulted, and each list says where it is. What a study cannot know is left to
the author, and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hw3.text import count_of
from study.paper.facts import Facts, in_words
from study.paper.methods import methods_values
from study.search.plan import describe_splits
from study.stats.rule import ALPHA

SUPPLY = "Author must supply."
NEURIPS = (
    *("Claims", "Limitations", "Theory assumptions and proofs"),
    *("Experimental result reproducibility", "Open access to data and code"),
    *("Experimental setting/details", "Experiment statistical significance"),
    *("Experiments compute resources", "Code of ethics", "Broader impacts", "Safeguards"),
    *(
        "Licenses for existing assets",
        "New assets",
        "Crowdsourcing and research with human subjects",
    ),
    "Institutional review board (IRB) approvals or equivalent for research with human subjects",
    "Declaration of LLM usage",
)
CLAIM = (
    *("Identification as a study of AI methodology", "Summary of the study in the abstract"),
    *("Scientific or clinical background", "Study aims, objectives and hypotheses"),
    *("Prospective or retrospective study", "Study goal", "Data sources"),
    *("Inclusion and exclusion criteria", "Data pre-processing", "Selection of data subsets"),
    *("De-identification methods", "How missing data were handled", "Image acquisition protocol"),
    *("How the reference standard was obtained", "Rationale for the reference standard"),
    *("Source of reference standard annotations", "Annotation of the test set"),
    *("Measures of inter- and intra-rater variability",),
    *("How data were assigned to partitions", "Level at which partitions are disjoint"),
    *("Intended sample size", "Detailed description of the model"),
    *("Software libraries, frameworks and packages", "Initialization of model parameters"),
    *("Details of the training approach", "Method of selecting the final model"),
    *("Ensembling techniques", "Metrics of model performance"),
    *("Statistical measures of significance and uncertainty",),
    *("Robustness or sensitivity analysis", "Methods for explainability or interpretability"),
    *("Evaluation on internal data", "Testing on external data", "Clinical trial registration"),
    *("Numbers of patients or examinations included and excluded",),
    *("Demographic and clinical characteristics in each partition",),
    *("Performance metrics and measures of statistical uncertainty",),
    *("Estimates of diagnostic performance and their precision", "Failure analysis"),
    *("Study limitations", "Implications for practice", "Full study protocol or technical details"),
    *("Availability of software, trained model and data", "Sources of funding, role of funders"),
)
TRIPOD = (
    *("Title", "Abstract", "Background", "Objectives", "Data", "Participants"),
    *("Data preparation", "Outcome", "Predictors", "Sample size", "Missing data"),
    *("Analytical methods", "Class imbalance", "Fairness", "Model output"),
    *("Training versus evaluation", "Ethical approval", "Open science"),
    *("Patient and public involvement", "Participants (results)", "Model development"),
    *("Model specification", "Model performance", "Model updating", "Interpretation"),
    *("Limitations", "Usability of the model in the context of current care"),
)
LISTS = (  # title, where it was published, items
    (
        "NeurIPS paper checklist, 2025",
        "https://neurips.cc/public/guides/PaperChecklist, and the style file of the year",
        NEURIPS,
    ),
    (
        "CLAIM, 2024 update",
        "Tejani, Klontzas, Gatti and others: Checklist for Artificial Intelligence in Medical "
        "Imaging (CLAIM): 2024 Update. Radiology: Artificial Intelligence 6(4), e240300, 2024, "
        "https://doi.org/10.1148/ryai.240300",
        CLAIM,
    ),
    (
        "TRIPOD+AI, 2024",
        "Collins, Moons, Dhiman and others: TRIPOD+AI statement: updated guidance for reporting "
        "clinical prediction models that use regression or machine learning methods. BMJ 385, "
        "e078378, 2024, https://doi.org/10.1136/bmj-2023-078378",
        TRIPOD,
    ),
)
SAME_AS = {  # an item of another list -> the answer that it shares
    "Experimental setting/details": "settings",
    "Experimental result reproducibility": "reproducibility",
    "Experiment statistical significance": "error bars",
    "Experiments compute resources": "compute",
    "Claims": "claims",
    "New assets": "assets",
    "Open access to data and code": "access",
    "Data sources": "data",
    "Data": "data",
    "Data pre-processing": "preparation",
    "Data preparation": "preparation",
    "How data were assigned to partitions": "parts",
    "Level at which partitions are disjoint": "disjoint",
    "Training versus evaluation": "differences",
    "Numbers of patients or examinations included and excluded": "included",
    "Participants (results)": "participants",
    "Class imbalance": "balance",
    "Intended sample size": "sample size",
    "Sample size": "sample size",
    "Detailed description of the model": "models",
    "Model specification": "specification",
    "Software libraries, frameworks and packages": "software",
    "Initialization of model parameters": "initialisation",
    "Details of the training approach": "settings",
    "Model development": "parts",
    "Method of selecting the final model": "selection",
    "Analytical methods": "analysis",
    "Ensembling techniques": "ensembles",
    "Metrics of model performance": "metrics",
    "Statistical measures of significance and uncertainty": "error bars",
    "Performance metrics and measures of statistical uncertainty": "performance",
    "Estimates of diagnostic performance and their precision": "performance",
    "Model performance": "performance of groups",
    "Robustness or sensitivity analysis": "robustness",
    "Evaluation on internal data": "internal",
    "Full study protocol or technical details": "protocol",
    "Availability of software, trained model and data": "access",
    "Open science": "open science",
    "Model output": "output",
}


@dataclass(frozen=True)
class Checklist:
    """A checklist.

    Attributes:
        title: its name and edition.
        original: where it was published.
        answers: abbreviated name of an item -> answer, or SUPPLY, alone or behind what the study
            knows; in the order of the items' numbers, from 1.
    """

    title: str
    original: str
    answers: Mapping[str, str]


def checklists(facts: Facts) -> list[Checklist]:
    """All of them, in the order of a paper's fields: machine learning, imaging, prediction."""
    answers = _answers(facts)
    known = {name: answers[key] for name, key in SAME_AS.items()}
    return [
        Checklist(title, original, {name: known.get(name, SUPPLY) for name in names})
        for title, original, names in LISTS
    ]


def _answers(facts: Facts) -> dict[str, str]:
    said = methods_values(facts)
    answers = _about_data(facts) | _about_training(facts, said) | _about_results(facts, said)
    analysis = " ".join(answers[key] for key in ("parts", "settings", "selection", "metrics"))
    return answers | {
        "analysis": f"{analysis} Differences between sites or other clusters: {SUPPLY}",
        "specification": f"{answers['models']} Where trained models are: {SUPPLY}",
        "performance of groups": f"{answers['performance']} Subgroups and clusters: {SUPPLY}",
        "open science": f"{answers['access']} Funding, conflicts of interest, protocol and "
        f"registration: {SUPPLY}",
    }


def _about_data(facts: Facts) -> dict[str, str]:
    plan, data = facts.plan, facts.plan.data
    patients = [data.patients.get(part) for part in data.counts]
    known = all(count is not None for count in patients)
    totals = {part: sum(counts.values()) for part, counts in data.counts.items()}
    each = "; ".join(
        f"{part} {', '.join(f'{count:,} {name}' for name, count in counts.items())}"
        for part, counts in data.counts.items()
    )
    included = f"{sum(totals.values()):,} {plan.examples}"
    included += f" of {sum(filter(None, patients)):,} patients" * known
    scaled = plan.shape.is_image
    return {
        "data": f"{data.location}; fingerprint {data.fingerprint}. How, where and "
        f"when they were collected: {SUPPLY}",
        "preparation": f"{plan.examples.capitalize()} are {plan.shape.describe()}"
        f"{', scaled to this size once; pixels are divided by 255' * scaled}. "
        f"What was done before: {SUPPLY}",
        "parts": f"{each}. {describe_splits(plan).capitalize()}.",
        "disjoint": "By patient: no patient is in two parts."
        if known
        else f"By {plan.examples[:-1]}: no {plan.examples[:-1]} is in two parts; patients are not "
        "known.",
        "differences": "All parts are of one data source. Differences between them in setting, "
        f"eligibility criteria, outcome or predictors: {SUPPLY}",
        "included": f"Included: {included}. Excluded: {SUPPLY}",
        "participants": f"Included: {included}; {each}. Flow and characteristics of participants: "
        f"{SUPPLY}",
        "balance": f"{each}. Balanced accuracy, sensitivity and specificity are reported beside "
        "accuracy, and what always giving one answer scores; classes are not weighted.",
        "sample size": f"{included} as the source has them: {SUPPLY} The number of seeds was fixed "
        "before the run.",
    }


def _about_training(facts: Facts, said: dict) -> dict[str, str]:
    plan = facts.plan
    searched = bool(plan.study.searches)
    chosen = (
        f"By {said['objective']} on the validation part, among the trials of full length; the test "
        "part was not read before the confirmation."
        if searched
        else "No selection: all candidates were named before the run."
    )
    return {
        "models": "The configurations are in Table “candidates”, every number of them in the "
        f"records. Families: {', '.join(said['families'])}. Their layers: the figures of "
        "architectures where there are any, and the code.",
        "software": "; ".join(f"{name} {version}" for name, version in said["versions"]) + ".",
        "initialisation": "At random by each seed, the same seeds for all candidates; no "
        "pretrained weights unless a model of the study's own loads them.",
        "settings": f"Methods, Models and training and Search; "
        f"{count_of(plan.budget.epochs, 'epoch')}, batches of {plan.setting.recipe.batch_size}; "
        f"search spaces in Table “searches”.",
        "selection": chosen,
        "ensembles": "None: every result is of single models.",
        "compute": f"{count_of(said['all_trainings'], 'training')}, "
        f"{count_of(said['all_epochs'], 'epoch')} and {said['all_time']} in all, on "
        f"{in_words(facts.devices)}; each stage in Table “cost”. Searches and trials that failed "
        "are counted; preliminary work outside of this results folder is not.",
        "reproducibility": f"Yes: {plan.command}, commit {said['commits']}, data of fingerprint "
        f"{plan.data.fingerprint}; every training's configuration, seed and code digest are in "
        "its record, in the RO-Crate.",
        "access": "Code: the commit above. Records: the RO-Crate. Where they, the data and trained "
        f"models are published: {SUPPLY}",
        "assets": "The RO-Crate documents the records, the environment and their provenance. "
        f"Licence: {SUPPLY}",
    }


def _about_results(facts: Facts, said: dict) -> dict[str, str]:
    plan, verdicts = facts.plan, facts.verdicts
    metrics = ", ".join(dict.fromkeys(verdict.claim.metric for verdict in verdicts))
    several = count_of(said["seeds"], "seed")
    bars = (
        f"Yes: 95 % intervals over {several}, exact binomial tests over seeds, two-sided at "
        f"{ALPHA} after Holm for {count_of(said['n_claims'], 'claim')}. What varies is the seed of "
        f"initialisation, order and dropout{' and the split' * bool(plan.ratio)}; the noise of "
        "drawing patients is given beside it where it is known."
    )
    smoke = "No: a smoke run judges nothing."
    turned = [verdict.claim.name for verdict in verdicts if verdict.untuned is not None]
    return {
        "claims": f"{count_of(len(verdicts), 'claim')}, digest {said['digest']}, each with its "
        f"verdict in Table “claims”. Whether abstract and introduction claim no more: {SUPPLY}",
        "error bars": bars if plan.budget.judged else smoke,
        "metrics": f"Of the claims: {metrics or 'none'}. Accuracy, loss and AUROC of every epoch, "
        "and class-wise rates, are in the records.",
        "performance": "Tables “claims” and “candidates”, with intervals over seeds.",
        "robustness": "The report names each verdict that another epoch, loss in place of accuracy "
        f"or the mean in place of the share would turn"
        f"{', and gives each claim without tuning' * bool(turned)}.",
        "internal": "Every candidate on the source's own validation part"
        f"{' and its locked test part' * said['has_test']}; nothing is known of other sites.",
        "protocol": f"The claims (digest {said['digest']}) are in each record of a confirmed "
        f"training, with the looks. A registered protocol: {SUPPLY}",
        "output": "A probability for each class; the class is that of the greatest, of two classes "
        "with a threshold of 0 on the logit.",
    }
