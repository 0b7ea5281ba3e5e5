"""Every text of the page, in English and in French."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gradio as gr

LANGUAGES = {"en": "English", "fr": "Français"}

# key: (English, French); what stands in braces is filled in; of two forms, parted by a bar, the first is for one
TEXTS: dict[str, tuple[str, str]] = {
    "tab.chat": ("Ask", "Questions"),
    "tab.documents": ("Documents", "Documents"),
    "tab.models": ("Models", "Modèles"),
    "tab.settings": ("Settings", "Réglages"),
    # chat
    "chat.question": ("Your question", "Votre question"),
    "chat.placeholder": ("Ask your documents …", "Interrogez vos documents…"),
    "chat.send": ("Ask", "Demander"),
    "chat.stop": ("Stop", "Arrêter"),
    "chat.stopped": ("Stopped.", "Arrêté."),
    "chat.thinking": ("Thinking …", "Réflexion…"),
    "chat.copy": ("Copy", "Copier"),
    "chat.copied": ("Copied", "Copié"),
    "chat.retry": ("Ask again", "Redemander"),
    "chat.export": ("Export", "Exporter"),
    "chat.new": ("New conversation", "Nouvelle conversation"),
    "chat.scope": ("Search in", "Chercher dans"),
    "chat.everything": ("All documents", "Tous les documents"),
    "chat.folder": ("Folder {name}", "Dossier {name}"),
    "chat.within": ("in {name}", "dans {name}"),
    "stage.searching": ("Searching", "Recherche"),
    "stage.loading": ("Loading the model: {percent} %", "Chargement du modèle : {percent} %"),
    "stage.waiting": (
        "Waiting for {ahead} other question|Waiting for {ahead} other questions",
        "En attente derrière {ahead} autre question|En attente derrière {ahead} autres questions",
    ),
    "stage.reading": (
        "Reading {passages} passage|Reading {passages} passages",
        "Lecture de {passages} passage|Lecture de {passages} passages",
    ),
    "stage.writing": ("Writing", "Rédaction"),
    "stage.comparing": ("Comparing with another version", "Comparaison avec une autre version"),
    "stage.summarising": ("Summarising part {part} of {parts}", "Résumé de la partie {part} sur {parts}"),
    "stage.stopping": ("Stopping", "Arrêt"),
    # answers
    "answer.source": ("Source {n}: {where}", "Source {n} : {where}"),
    "answer.unsupported": ("not found in the documents", "introuvable dans les documents"),
    "answer.understood": ("Understood as: {question}", "Compris comme : {question}"),
    "abstained.title": ("Not in your documents", "Pas dans vos documents"),
    "abstained.help": (
        "No passage states this clearly enough to answer from it.",
        "Aucun passage ne l’énonce assez clairement pour en tirer une réponse.",
    ),
    "abstained.perhaps": (
        "Perhaps one of those below does, but less surely than the caution asks for.",
        "L’un des passages ci-dessous le fait peut-être, mais moins sûrement que la prudence ne le demande.",
    ),
    "abstained.bolder": ("Answer all the same", "Répondre quand même"),
    "abstained.nearest": ("The nearest passages:", "Les passages les plus proches :"),
    "confidence.help": (
        "How likely a passage states the answer, by the model’s own reading.",
        "Probabilité qu’un passage énonce la réponse, selon la lecture du modèle.",
    ),
    "confidence.high": ("Well supported", "Bien étayé"),
    "confidence.medium": ("Fairly supported", "Assez étayé"),
    "confidence.low": ("Weakly supported", "Peu étayé"),
    "figures.first": ("first word {s} s", "premier mot {s} s"),
    "figures.dropped": (
        "{n} passage had no room|{n} passages had no room",
        "{n} passage sans place|{n} passages sans place",
    ),
    "export.title": ("Conversation", "Conversation"),
    # evidence
    "evidence.empty": (
        "The sources of an answer are shown here: the page itself, with the quoted words marked.",
        "Les sources d’une réponse s’affichent ici : la page elle-même, les mots cités surlignés.",
    ),
    "evidence.sources": ("Sources", "Sources"),
    "evidence.others": ("Found, but not used ({n})", "Trouvés, mais non utilisés ({n})"),
    "evidence.nearest": ("Nearest passages ({n})", "Passages les plus proches ({n})"),
    "evidence.score": ("score {score}", "score {score}"),
    "evidence.back": ("Page before", "Page précédente"),
    "evidence.on": ("Next page", "Page suivante"),
    "evidence.at": ("{page} of {units}", "{page} sur {units}"),
    "evidence.open": ("Open the file", "Ouvrir le fichier"),
    "evidence.picture": ("{document}, page {page}", "{document}, page {page}"),
    "evidence.removed": (
        "This document is no longer in the store; this is what was quoted.",
        "Ce document n’est plus dans la base ; voici ce qui en a été cité.",
    ),
    "evidence.gone": (
        "The file is not where it was; this is its text as it was taken in.",
        "Le fichier n’est plus à sa place ; voici son texte tel qu’il a été lu.",
    ),
    "evidence.changed": (
        "The file has changed since it was taken in; this is its text as it was then.",
        "Le fichier a changé depuis sa lecture ; voici son texte d’alors.",
    ),
    "evidence.ocr": (
        "The text of this page was recognised in a picture (OCR).",
        "Le texte de cette page a été reconnu dans une image (OCR).",
    ),
    "evidence.unmarked": (
        "The quoted words could not be located on this page.",
        "Les mots cités n’ont pas pu être situés sur cette page.",
    ),
    "place.slide": ("slide {name}", "diapositive {name}"),
    "place.sheet": ("sheet {name}", "feuille {name}"),
    "place.section": ("section {name}", "section {name}"),
    # documents
    "drop.title": ("Drop files or folders here", "Déposez ici des fichiers ou des dossiers"),
    "drop.where": ("They are kept in {folder}.", "Ils sont conservés dans {folder}."),
    "drop.limit": ("Up to {mb} MB each.", "{mb} Mo au plus chacun."),
    "drop.files": ("Choose files", "Choisir des fichiers"),
    "drop.folder": ("Choose a folder", "Choisir un dossier"),
    "drop.look": ("Look for changes", "Chercher les changements"),
    "drop.pause": ("Pause", "Suspendre"),
    "drop.again": ("Take in again", "Relire"),
    "drop.remove": ("Remove", "Retirer"),
    "upload.waiting": ("waiting", "en attente"),
    "upload.done": ("stored", "enregistré"),
    "upload.cancel": ("Cancel", "Annuler"),
    "upload.cancelled": ("cancelled", "annulé"),
    "upload.failed": ("could not be sent", "n’a pas pu être envoyé"),
    "job.paused": (
        "Paused. “Look for changes” goes on from there.",
        "Suspendu. « Chercher les changements » reprend là où c’était.",
    ),
    "job.running": (
        "Taking in: {done} of {files} file|Taking in: {done} of {files} files",
        "Lecture : {done} fichier sur {files}|Lecture : {done} fichiers sur {files}",
    ),
    "job.progress": ("Progress", "Avancement"),
    "job.left": ("· about {time} left", "· encore {time} environ"),
    "job.looking": ("Looking for new documents …", "Recherche de nouveaux documents…"),
    "job.nothing": ("Everything is up to date.", "Tout est à jour."),
    "job.indexed": ("{n} added", "{n} ajouté|{n} ajoutés"),
    "job.updated": ("{n} updated", "{n} mis à jour"),
    "job.removed": ("{n} removed", "{n} retiré|{n} retirés"),
    "job.failed": ("{n} failed", "{n} en échec"),
    "file.indexed": ("added", "ajouté"),
    "file.updated": ("updated", "mis à jour"),
    "file.removed": ("removed", "retiré"),
    "file.unchanged": ("unchanged", "inchangé"),
    "file.skipped": ("skipped", "ignoré"),
    "documents.search": ("Search documents by name or title", "Chercher un document par nom ou titre"),
    "documents.table": ("Documents", "Documents"),
    "documents.count": (
        "{n} of {all} document|{n} of {all} documents",
        "{n} document sur {all}|{n} documents sur {all}",
    ),
    "documents.more": ("Show {n} more", "Afficher {n} de plus"),
    "documents.and_more": ("and {n} more", "et {n} autre|et {n} autres"),
    "documents.all": ("Select all documents", "Sélectionner tous les documents"),
    "documents.tick": ("Select {name}", "Sélectionner {name}"),
    "documents.name": ("Name", "Nom"),
    "documents.type": ("Type", "Type"),
    "documents.pages": ("Pages", "Pages"),
    "documents.coverage": ("Read", "Lu"),
    "documents.warnings": ("Warnings", "Avis"),
    "documents.date": ("Taken in", "Lu le"),
    "documents.size": ("Size", "Taille"),
    "documents.by_ocr": ("{n} page read by OCR|{n} pages read by OCR", "{n} page lue par OCR|{n} pages lues par OCR"),
    "documents.unread_pages": (
        "{n} page is a picture that was not read|{n} pages are pictures that were not read",
        "{n} page est une image non lue|{n} pages sont des images non lues",
    ),
    "documents.failed": ("Could not be read ({n})", "Lecture impossible ({n})"),
    "documents.skipped": ("Left out ({n})", "Laissés de côté ({n})"),
    "documents.removed": ("Removed by you ({n})", "Retirés par vous ({n})"),
    "documents.removed_reason": ("The file itself is still there.", "Le fichier lui-même est toujours là."),
    "documents.again": ("Take in again", "Relire"),
    "documents.remove_title": ("Remove documents", "Retirer des documents"),
    "documents.remove_ask": (
        "Remove {n} document? Its text and vectors are deleted from the store."
        "|Remove {n} documents? Their text and vectors are deleted from the store.",
        "Retirer {n} document ? Son texte et ses vecteurs sont supprimés de la base."
        "|Retirer {n} documents ? Leur texte et leurs vecteurs sont supprimés de la base.",
    ),
    "documents.remove_note": (
        "The files themselves stay where they are and are not taken in again unless they change or you ask for it.",
        "Les fichiers eux-mêmes restent à leur place et ne sont relus que s’ils changent ou à votre demande.",
    ),
    "documents.remove_yes": ("Remove {n}", "Retirer {n}"),
    "documents.remove_no": ("Keep them", "Les garder"),
    "documents.removed_now": ("Removed: {names}", "Retirés : {names}"),
    # models
    "models.model": ("Language model", "Modèle de langue"),
    "models.embedder": ("Embedder", "Modèle de vecteurs"),
    "models.state": ("State", "État"),
    "models.loaded": ("in memory", "en mémoire"),
    "models.not_loaded": ("loaded at the first question", "chargé à la première question"),
    "models.where": ("Runs on", "Tourne sur"),
    "models.cpu": ("this processor, {threads} threads", "ce processeur, {threads} fils"),
    "models.gpu": (
        "the GPU ({n} layers; -1 = all) and {threads} threads",
        "le GPU ({n} couches ; -1 = toutes) et {threads} fils",
    ),
    "models.remote": ("the model server {host}", "le serveur de modèles {host}"),
    "models.window": ("Window", "Fenêtre"),
    "models.tokens": ("{n} tokens", "{n} jetons"),
    "models.speed": ("Last answer", "Dernière réponse"),
    "models.per_second": ("{n} tokens/s", "{n} jetons/s"),
    "models.memory": ("Memory", "Mémoire"),
    "models.memory_of": ("{used} used by ragapp, {free} free", "{used} utilisés par ragapp, {free} libres"),
    "models.name": ("Name", "Nom"),
    "models.role": ("For", "Pour"),
    "models.size": ("Size", "Taille"),
    "models.fit": ("Memory", "Mémoire"),
    "models.kind": ("Kind", "Type"),
    "models.choose": ("Choose", "Choisir"),
    "models.fits": ("{need}, fits", "{need}, convient"),
    "models.too_large": (
        "{need}, too large for this machine now",
        "{need}, trop grand pour cette machine en ce moment",
    ),
    "models.in_use": ("in use", "utilisé"),
    "models.use": ("Use", "Utiliser"),
    "models.load": ("Load it now", "Le charger maintenant"),
    "models.fetch": ("Fetch", "Télécharger"),
    "models.missing": ("not here", "absent"),
    "models.loading": ("Loading {name}", "Chargement de {name}"),
    "models.fetching": ("Fetching {name}", "Téléchargement de {name}"),
    "role.llm": ("answers", "réponses"),
    "role.embedder": ("search", "recherche"),
    "role.cross-encoder": ("ranking", "classement"),
    "role.other": ("not usable here", "inutilisable ici"),
    # settings
    "settings.language": ("Language", "Langue"),
    "settings.theme": ("Appearance", "Apparence"),
    "theme.system": ("As the system", "Comme le système"),
    "theme.light": ("Light", "Clair"),
    "theme.dark": ("Dark", "Sombre"),
    "settings.length": ("Length of answers", "Longueur des réponses"),
    "settings.length_help": ("At the most; longer ones take longer.", "Au plus ; les longues prennent plus de temps."),
    "length.short": ("Short", "Courte"),
    "length.normal": ("Normal", "Normale"),
    "length.long": ("Long", "Longue"),
    "settings.passages": ("Passages that are read", "Passages lus"),
    "settings.passages_help": ("More find more, and take longer.", "En lire plus trouve plus, et prend plus de temps."),
    "settings.caution": ("Caution", "Prudence"),
    "settings.caution_help": (
        "With more caution, “not in your documents” comes sooner.",
        "Avec plus de prudence, « pas dans vos documents » vient plus tôt.",
    ),
    "caution.low": ("Low", "Faible"),
    "caution.normal": ("Normal", "Normale"),
    "caution.high": ("High", "Forte"),
    "settings.kept": ("Kept in {file}.", "Enregistré dans {file}."),
    "settings.not_kept": ("In force until the page ends.", "Valable jusqu’à l’arrêt de la page."),
    "settings.file": (
        "All settings, from {file}. Change the others there.",
        "Tous les réglages, de {file}. Les autres s’y modifient.",
    ),
    "settings.no_file": ("no file", "aucun fichier"),
    "source.default": ("default", "défaut"),
    "source.file": ("from {name}", "de {name}"),
    "source.profile": ("from {name}", "de {name}"),
    "source.environment": ("from {name} in the environment", "de {name} dans l’environnement"),
    "source.command": ("from the command line", "de la ligne de commande"),
    # frame
    "privacy.line": ("Everything stays on this computer", "Tout reste sur cet ordinateur"),
    "privacy.remote": (
        "Questions and passages go to your model server {host}",
        "Questions et passages vont à votre serveur de modèles {host}",
    ),
    "privacy.connections": (
        "{n} connection to elsewhere|{n} connections to elsewhere",
        "{n} connexion vers l’extérieur|{n} connexions vers l’extérieur",
    ),
    "privacy.refused": (
        "{n} attempt was refused.|{n} attempts were refused.",
        "{n} tentative a été refusée.|{n} tentatives ont été refusées.",
    ),
    "privacy.explained": (
        "Every connection that ragapp tries to make is checked; any address but this computer’s own is refused.",
        "Chaque connexion tentée par ragapp est contrôlée ; toute adresse autre que celle de ce poste est refusée.",
    ),
    "welcome.title": ("What would you like to know?", "Que voulez-vous savoir ?"),
    "welcome.documents": (
        "{n} document is ready.|{n} documents are ready.",
        "{n} document est prêt.|{n} documents sont prêts.",
    ),
    "welcome.1": (
        "Ask in your own words; the answer shows the sentence and page that it rests on.",
        "Posez la question à votre façon ; la réponse montre la phrase et la page dont elle vient.",
    ),
    "welcome.2": (
        "When the documents do not say, so does the answer.",
        "Quand les documents ne le disent pas, la réponse le dit.",
    ),
    "welcome.3": ("Enter sends, Esc stops, / comes back here.", "Entrée envoie, Échap arrête, / revient ici."),
    "guide.title": ("Two steps, then you can ask", "Deux étapes, puis vous pouvez demander"),
    "guide.intro": ("All of it stays on this computer.", "Tout reste sur cet ordinateur."),
    "guide.models": ("Get the models", "Obtenir les modèles"),
    "guide.models_help": (
        "They are fetched once; from then on no network is needed.",
        "Ils sont téléchargés une fois ; ensuite aucun réseau n’est nécessaire.",
    ),
    "guide.models_done": ("The models are here", "Les modèles sont là"),
    "guide.fetch": ("Fetch {name}", "Télécharger {name}"),
    "guide.command": ("Or in a terminal:", "Ou dans un terminal :"),
    "guide.documents": ("Add documents", "Ajouter des documents"),
    "guide.documents_help": (
        "PDF, Word, Excel, PowerPoint, HTML, mail, text and more.",
        "PDF, Word, Excel, PowerPoint, HTML, courriels, textes et autres.",
    ),
    "guide.documents_done": (
        "{n} document is ready|{n} documents are ready",
        "{n} document est prêt|{n} documents sont prêts",
    ),
    "guide.add": ("Add documents", "Ajouter des documents"),
    "guide.samples": ("Try the sample documents", "Essayer les documents d’exemple"),
    # conversations
    "conversations.title": ("Conversations", "Conversations"),
    "conversations.search": ("Search conversations", "Chercher une conversation"),
    "conversations.none": ("No conversations yet.", "Pas encore de conversation."),
    "conversations.untitled": ("Untitled", "Sans titre"),
    "conversations.rename": ("Rename", "Renommer"),
    "conversations.delete": ("Delete", "Supprimer"),
    "conversations.rename_ask": ("New title", "Nouveau titre"),
    "conversations.delete_ask": ("Delete this conversation?", "Supprimer cette conversation ?"),
}

_FILLED = re.compile(r"{(\w+)}")


def tr(language: str, key: str, **values: Any) -> str:
    """A text in a language, English where it is another one; what stands in braces is filled in."""
    french = language == "fr"
    text = TEXTS[key][1 if french else 0]
    if not values:
        return text
    one, _, many = text.partition("|")
    if many:
        # "1 of 3 documents" is "1 document sur 3"; zero is singular in French, too
        count = values[_FILLED.findall(one)[0 if french else -1]]
        text = one if count == 1 or (french and not count) else many
    return text.format(**values)


def wanted_language(accepted: str) -> str:
    """The language of ours that a browser likes best.

    Args:
        accepted: its ``Accept-Language`` header.
    """
    weighed = []
    for place, part in enumerate(accepted.split(",")):
        code, _, rest = part.strip().partition(";")
        quality = re.fullmatch(r"\s*q=([\d.]+)\s*", rest)
        weighed.append((-float(quality[1]) if quality else -1.0, place, code.partition("-")[0].lower()))
    return next((code for _, _, code in sorted(weighed) if code in LANGUAGES), "en")


def make_i18n() -> gr.I18n:
    """The texts as Gradio wants them: labels follow the browser's language, or the one that was chosen."""
    import gradio as gr

    return gr.I18n(**{code: {key: text[n] for key, text in TEXTS.items()} for n, code in enumerate(LANGUAGES)})
