"""The words by which follow-up questions are told, in English and French."""

from __future__ import annotations

import re
from dataclasses import dataclass


def _any(text: str) -> str:
    """A pattern for any of some words, the longest first."""
    words = sorted(text.split("|") if "|" in text else text.split(), key=len, reverse=True)
    return "(?:" + "|".join(re.escape(word.strip()).replace(r"\ ", r"\s+") for word in words) + ")"


@dataclass(frozen=True, slots=True)
class FollowUpWords:
    """What tells and shapes a follow-up in one language.  All patterns are matched on text in small letters.

    Attributes:
        opener: what a follow-up begins with: "and", "what about".
        asks_anew: further words that only pass the last question on: "the same for".
        question: question words and auxiliaries: with one of them a fragment is a question of its own.
        prepositions: begin a phrase that may take the place of another.
        same_place: prepositions that may take each other's place.
        determiners: begin a noun phrase.
        personal: pronouns for a person.
        possessive: pronouns for something of a person or a thing.
        pronoun: pronouns for a thing, or demonstratives that point back.
        expletive: where those pronouns stand for nothing.
        pointing: a demonstrative with a noun that points back: "that limit".
        clause: where one clause ends and the next begins.
        bare: questions that say nothing of what they are about: "why?", "more details".
        copula: a question whose subject is told by its form, with the groups ``head`` and ``subject``.
    """

    opener: re.Pattern[str]
    asks_anew: re.Pattern[str]
    question: re.Pattern[str]
    prepositions: re.Pattern[str]
    same_place: tuple[frozenset[str], ...]
    determiners: re.Pattern[str]
    personal: re.Pattern[str]
    possessive: re.Pattern[str]
    pronoun: re.Pattern[str]
    expletive: re.Pattern[str]
    pointing: re.Pattern[str]
    clause: re.Pattern[str]
    bare: re.Pattern[str]
    copula: re.Pattern[str]


_EN_WH = "what which who whom whose when where why how what's who's where's when's"
_EN_AUX = (
    "is are was were do does did can could may might must shall should will would has have had isn't aren't don't"
    " doesn't can't am need needs"
)
_EN_VERBS = (
    "is|are|was|were|does|do|did|has|have|can|could|may|must|should|will|would|mean|means|apply|applies|include|"
    "includes|on|work|works|cost|costs|happen|happens|take|takes|change|changes|cover|covers|count|counts|depend|still|"
    "also|only|too|enough|true|correct|so|valid|possible|allowed|all|for|in|at|by|with|from|to|and|or|then|come|comes|"
    "start|starts|end|ends|begin|again|paid|part|different|exactly|now"
)
_EN_ORDER = (
    "(?:first|second|third|fourth|fifth|last|next|other|others|previous|former|latter|same|new|old|biggest|smallest|"
    "cheapest)"
)
_EN_BEFORE_THAT = (
    "is|are|was|were|does|do|did|can|could|may|must|should|will|would|has|have|why|how|when|where|and|but|so|about|"
    "for|in|on|at|of|with|after|before|under|than|by|to|from|like|explain|mean"
)
# nouns that point into the world, not into the conversation
_EN_DEICTIC = "year|month|week|quarter|morning|afternoon|evening|time|way|company|firm|place|document|collection|kind"

ENGLISH = FollowUpWords(
    opener=re.compile(
        r"(?:(?:(?:ok(?:ay)?|thanks|thank you|well|hmm|right|so|but|and|or|also|then|"
        r"no(?=,)|sorry|i mean|i meant)\b[\s,.!:]*)+"
        r"(?:(?:what|how) about\b\s*)?|(?:what|how) about\b\s*)"
    ),
    asks_anew=re.compile(
        r"(?:is it |and )?(?:(?:the )?same (?:question |thing |one )?|(?:the )?ones? )(?=(?:for|in|"
        r"at|with|from|on|of)\b)"
    ),
    question=re.compile(rf"\b{_any(f'{_EN_WH} {_EN_AUX}')}(?![\w'])"),
    prepositions=re.compile(
        r"\b"
        + _any(
            "for in at on from under with without during before after to by of as per until since over above below"
            " between outside inside within near beyond through via"
        )
        + r"\b"
    ),
    same_place=(frozenset({"in", "at"}), frozenset({"under", "in"}), frozenset({"after", "before"})),
    determiners=re.compile(
        rf"\b{_any('the a an my our your his her its their this that these those each every any some no all')}\b"
    ),
    personal=re.compile(r"\b(?:he|she|him|her|his|hers)\b"),
    possessive=re.compile(r"\b(?:his|hers|her|its|their)\b"),
    pronoun=re.compile(
        rf"\b(?:(?:it|its|they|them|their|theirs|he|she|him|her|his|hers)\b|there(?=\s*\?)|"
        rf"(?:this|these|those)(?=\s*(?:[?,.!]|$|(?:{_EN_VERBS})\b))|"
        rf"(?:the|which|what)\s+(?:{_EN_ORDER}\s+)?(?:ones?|others?|two|latter|former|rest|same)"
        rf"(?=\s*(?:[?.!,]|$|(?:is|are|was|were|does|do|has|have|can|must)\b))|the\s+[a-z-]+\s+ones?\b|"
        r"(?<=\w\s)one(?=\s*(?:[?.!]|$)))|"
        # elsewhere "that" joins clauses
        rf"(?:^|(?<=\s))that(?=\s*(?:[?,.!]|$))|(?:{_EN_BEFORE_THAT})\s+that(?=\s+(?:{_EN_VERBS})\b)"
    ),
    expletive=re.compile(
        r"\bit\s+(?:possible|allowed|necessary|true|permitted|forbidden|mandatory|compulsory|ok|okay|acceptable|"
        r"required|worth|safe|legal|better|best)\s+(?:to|for|that|if)\b|"
        r"\bit(?:'s| is| was)\s+(?:possible|allowed|necessary|true|permitted|forbidden|"
        r"mandatory)\s+(?:to|for|that|if)\b|"
        r"\b(?:does|did|will|would|can|could|may|should)\s+it\s+(?:usually\s+|"
        r"normally\s+)?take\s+(?:to|for|before|until)"
        r"\b|\bwhat time is it\b|\b(?:is|are|was|were)\s+there\b|\bthere\s+(?:is|are|was|were)\b|\bit\s+(?:that|who)\b|"
        r"\bit\s+(?:called|mean|meant|costs?|takes?|far|unlikely|likely)\s+(?:when|if|that|to|for|"
        r"from)\b|\bis it from\b|"
        r"\b(?:it\s+(?:helpdesk|desk|department|team|manager|support|equipment|policy|security|staff|service|systems?|"
        r"rules|priority|ticket|room|budget))\b"
    ),
    pointing=re.compile(
        rf"(?:\b(?:this|these|(?<!to )(?<!of )(?<!for )(?<!by )those|such)|(?:^|\b(?:{_EN_BEFORE_THAT}))\s*\bthat)\s+"
        rf"(?!(?:{_EN_DEICTIC}|{_EN_VERBS})\b)[a-z-]{{3,}}"
    ),
    clause=re.compile(
        r"[,;:.!?]\s|\s(?=(?:and|but|or|if|when|who|whom|which|that|because|before|after|while|so|until|once|unless|"
        r"where|to)\s)"
    ),
    bare=re.compile(
        r"(?:(?:and|but|so|or)\s+)?(?:(?:for|since|until|to|by|with|from|at|on|in|of|under)\s+)?"
        r"(?:why|why not|how|how so|when|where|who|whom|what|which|which one|which ones|how much|how many|how long|"
        r"how often|how far|how soon|how come|what for|who exactly|since when|until when|by when|by whom|for whom|"
        r"what time|what else|who else|where else|anything else|something else|really|are you sure|is that all|"
        r"(?:any |some |give me |tell me |can i have |i want )*(?:more|further)(?: details?| information| info)?"
        r"(?: please)?|(?:more )?details?(?: please)?|(?:any|an|for|give me an) (?:examples?|instance)|"
        r"(?:any|no|which|what) (?:exceptions?|conditions?|limits?|deadlines?|others?)|"
        r"(?:tell me|explain|go on|continue|say)(?: me)?(?: more| that| further)?(?: please)?|"
        r"(?:and )?what is it exactly|"
        r"says who|according to (?:what|whom|which document)|where (?:is|does) (?:it|that) (?:say|said|written|stand)"
        r"(?: that| so)?|exactly|and then|and otherwise|otherwise|and if not|if not)\s*[?.!…]*\s*$"
    ),
    copula=re.compile(
        r"(?P<head>(?:(?:in|under|according to)\b[^,]*,\s*)?(?:what(?:'s| is| are| was| were)|"
        r"which is|how (?:much|high|long|"
        r"large|big|big|far) (?:is|are|was|were)|when (?:is|are|was|were)|where (?:is|are|was|were)))\s+"
        r"(?P<subject>(?:the|a|an|my|our|your)\s+[^?,.;]*[^?,.;\s])\s*[?.]*\s*$"
    ),
)

_FR_WH = (
    "que quoi qui quel quelle quels quelles quand où comment combien pourquoi lequel laquelle lesquels lesquelles"
    " est-ce qu'est-ce"
)
_FR_AUX = (
    "est sont était étaient a ont avait peut peuvent peux pouvez puis-je doit doivent dois devez faut fait font va vont"
    " sera seront est-il est-elle sont-ils sont-elles peut-on doit-on faut-il ai-je a-t-on a-t-il a-t-elle suis-je"
    " existe y-a-t-il"
)
_FR_ABOUT = (
    r"qu'en est-il\s+(?:de la\s+|de l'|des?\s+|du\s+|d'|(?=pour |à |au |en ))|"
    r"quid\s+(?:de l[a']\s*|des?\s+|du\s+|d')|concernant\s+"
)
_FR_POINTERS = "celui|celle|ceux|celles"

FRENCH = FollowUpWords(
    opener=re.compile(
        rf"(?:(?:(?:d'accord|merci|ok|bien|bon|alors|donc|mais|et|ou|sinon|aussi|"
        r"non(?=,)|pardon|je voulais dire)\b[\s,.!:]*)+(?:{_FR_ABOUT})?|"
        rf"(?:{_FR_ABOUT}))"
    ),
    asks_anew=re.compile(
        r"(?:est-ce )?(?:la |le )?(?:m[êe]me (?:question|chose)|pareil|idem|celui|celle|ceux|celles)\s+"
        r"(?=(?:pour|à|en|au|aux|avec|dans|chez|de|du|des)\b|d')"
    ),
    question=re.compile(
        rf"(?<![\w-])d'où\b|(?<![\w'-]){_any(f'{_FR_WH} {_FR_AUX}')}(?![\w-])|\w-(?:t-)?(?:il|elle|"
        rf"on|ils|elles|je|vous)\b"
    ),
    prepositions=re.compile(
        r"(?<![\w-])(?:"
        + _any(
            "pour à au aux en dans de du des sur sous avec sans chez par depuis après avant pendant entre vers contre"
            " selon hors durant"
        )
        + r"\b|d'|jusqu'(?:à|au|en)\b)"
    ),
    same_place=(
        frozenset({"à", "au", "aux", "en", "dans"}),
        frozenset({"de", "du", "des", "d'"}),
        frozenset({"avant", "après"}),
    ),
    determiners=re.compile(
        r"(?<![\w-])(?:"
        + _any(
            "le la les un une des mon ma mes notre nos votre vos son sa ses leur leurs ce cet cette ces chaque tout"
            " toute tous toutes du au aux"
        )
        + r"\b|l')"
    ),
    personal=re.compile(r"(?<![\w-])(?:elle|lui)\b|-(?:t-)?(?:elle)\b"),
    possessive=re.compile(r"(?<![\w-])(?:son|sa|ses|leur|leurs)\b(?=\s+\w)"),
    pronoun=re.compile(
        r"(?<![\w-])(?:(?:ils?|elles?|ça|cela|ceci|lui|eux|leurs?|son|sa|ses)(?![\w-])|ç'|"
        rf"(?:{_FR_POINTERS})-(?:ci|là)|(?:ce|cette|ces)\s+derni(?:er|ère)s?|"
        r"en(?=\s+(?:ai|as|a|avons|avez|ont|faut|reste|parle|est-il|reçoit|bénéficie|dispose|demande|prend)\b)|"
        r"y(?=\s+(?:ai|as|avons|avez|ont|accède|accéder|participe|va|aller|est|sont|travaille|trouve)\b)|"
        r"(?:le|la|les)\s+(?:premi(?:er|ère)|deuxième|second|seconde|troisième|derni(?:er|ère)|autre|même|suivante?|"
        r"précédente?|nouvelle|nouveau|ancien|ancienne)s?(?=\s*[?.!,]|\s*$)|les\s+(?:deux|autres)(?=\s*[?.!,]|\s*$)|"
        r"(?<=qui )(?:(?:le|la|les)\s|l')(?=(?:approuve|valide|signe|demande|reçoit|paie|paye|remplace|dirige|contacte|"
        r"fournit|décide|autorise|remplit|garde|utilise|organise|accorde|vérifie|connaît)(?:nt|ra|ront)?\b)|"
        r"l'(?=(?:a|ont|avait)\s)|(?:(?<=comment )|(?<=où )|(?<=-on )|(?<=-je )|(?<=pour ))(?:(?:le|la|les)\s|l')"
        r"(?=\w+(?:er|ir|oir|re)\s*(?:[?.!]|$))|"
        r"c'est(?=\s+(?:payé|combien|quand|où|pour|dans|obligatoire|valable|remboursé|inclus|compris)\b))|"
        r"[^\W\d]+-(?:t-)?(?:ils?|elles?|le|la|les|lui|leur|en|y)\b"
    ),
    expletive=re.compile(
        r"\bs'il\s+(?:pleut|neige|fait|y\s|faut|manque)|\b(?:il|y)\s+(?:y\s+)?a\b|"
        r"\by\s+a[\s-]t\W{0,2}il\b|-t-il\s+(?:de|un|des|d')\b|"
        r"\b(?:faut|suffit|s'agit|convient|reste|"
        r"existe|arrive|vaut|semble)(?:-t)?-il\b(?!\s*[?])|\bil\s+(?:faut|suffit|s'agit|convient|est\s+(?:interdit|"
        r"possible|permis|obligatoire|nécessaire|autorisé)|existe|reste)\b|\best-il\s+(?:interdit|possible|permis|"
        r"obligatoire|nécessaire|autorisé|toléré)\b"
    ),
    pointing=re.compile(
        r"(?<![\w-])(?:ce|cet|cette|ces)\s+(?!(?:année|mois|semaine|matin|soir|trimestre|jour|moment|que|qui|est|sont|"
        r"document|site|entreprise|société|genre|type|cas)\b)[\w-]{3,}"
    ),
    clause=re.compile(
        r"[,;:.!?]\s|\s(?=(?:et|mais|ou|si|quand|lorsque|qui|que|qu'|parce|avant|après|pendant|dont|"
        r"où|pour|afin|car)\b)"
    ),
    bare=re.compile(
        r"(?:(?:et|mais|ou|alors|donc)\s+)?(?:(?:depuis|jusqu'à|pour|par|à|avec|de|dans|en)\s+)?"
        r"(?:pourquoi(?: pas)?|comment(?: ça)?|quand|où|qui|quoi|lequel|laquelle|lesquels|lesquelles|combien"
        r"(?: de temps| de jours| de fois)?|quel délai|à partir de quand|qui d'autre|quoi d'autre|autre chose|vraiment|"
        r"c'est tout|c'est sûr|(?:donne(?:z)?-moi )?(?:plus|davantage) (?:de détails?|d'informations?|de précisions?)|"
        r"(?:des|quelques|plus de|les) (?:détails?|précisions?|exemples?|exceptions?|conditions?)|"
        r"(?:un|par) exemple|dis-m'en plus|dites-m'en plus|expliquez?(?:-moi)?|continuez?|précisez?|selon (?:qui|quoi|"
        r"quel document)|sinon|et après|et ensuite|ensuite|exactement|quelles? (?:exceptions?|conditions?))"
        r"(?:\s+(?:s'il (?:te|vous) plaît|stp|svp))?\s*[?.!…]*\s*$"
    ),
    copula=re.compile(
        r"(?P<head>(?:(?:dans|selon|d'après|en)\b[^,]*,\s*)?(?:quel(?:le)?s? (?:est|sont|était|"
        r"étaient|sera)|où (?:est|sont|"
        r"se trouve|se trouvent)|quand (?:est|sont)|combien (?:coûte|coûtent|vaut)|à combien (?:est|s'élève)))\s+"
        r"(?P<subject>(?:(?:le|la|les|un|une|mon|ma|mes|notre|nos)\s+|l')[^?,.;]*[^?,.;\s])\s*[?.]*\s*$"
    ),
)

FOLLOW_UP_WORDS = {"en": ENGLISH, "fr": FRENCH}
