"""Names of months and days in the languages that number formats name."""

from ragapp.words import forms

MONTHS = {
    **forms.MONTHS,
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "no": "januar februar mars april mai juni juli august september oktober november desember",
    "pl": "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień",
    "ru": "Январь Февраль Март Апрель Май Июнь Июль Август Сентябрь Октябрь Ноябрь Декабрь",
    "tr": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
}
SHORT_MONTHS = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "de": "Jan Feb Mrz Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    "es": "ene feb mar abr may jun jul ago sep oct nov dic",
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "it": "gen feb mar apr mag giu lug ago set ott nov dic",
    "nl": "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "pt": "jan fev mar abr mai jun jul ago set out nov dez",
    "sv": "jan feb mar apr maj jun jul aug sep okt nov dec",
    "da": "jan feb mar apr maj jun jul aug sep okt nov dec",
    "no": "jan feb mar apr mai jun jul aug sep okt nov des",
    "pl": "sty lut mar kwi maj cze lip sie wrz paź lis gru",
    "ru": "янв фев мар апр май июн июл авг сен окт ноя дек",
    "tr": "Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara",
}
# from Saturday, the day whose number divides by seven
DAYS = {
    "en": "Saturday Sunday Monday Tuesday Wednesday Thursday Friday",
    "de": "Samstag Sonntag Montag Dienstag Mittwoch Donnerstag Freitag",
    "es": "sábado domingo lunes martes miércoles jueves viernes",
    "fr": "samedi dimanche lundi mardi mercredi jeudi vendredi",
    "it": "sabato domenica lunedì martedì mercoledì giovedì venerdì",
    "nl": "zaterdag zondag maandag dinsdag woensdag donderdag vrijdag",
    "pt": "sábado domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira",
    "sv": "lördag söndag måndag tisdag onsdag torsdag fredag",
    "da": "lørdag søndag mandag tirsdag onsdag torsdag fredag",
    "no": "lørdag søndag mandag tirsdag onsdag torsdag fredag",
    "pl": "sobota niedziela poniedziałek wtorek środa czwartek piątek",
    "ru": "суббота воскресенье понедельник вторник среда четверг пятница",
    "tr": "Cumartesi Pazar Pazartesi Salı Çarşamba Perşembe Cuma",
}
SHORT_DAYS = {
    "en": "Sat Sun Mon Tue Wed Thu Fri",
    "de": "Sa So Mo Di Mi Do Fr",
    "es": "sá do lu ma mi ju vi",
    "fr": "sam. dim. lun. mar. mer. jeu. ven.",
    "it": "sab dom lun mar mer gio ven",
    "nl": "za zo ma di wo do vr",
    "pt": "sáb dom seg ter qua qui sex",
    "sv": "lör sön mån tis ons tor fre",
    "da": "lø sø ma ti on to fr",
    "no": "lør søn man tir ons tor fre",
    "pl": "sob. niedz. pon. wt. śr. czw. pt.",
    "ru": "Сб Вс Пн Вт Ср Чт Пт",
    "tr": "Cmt Paz Pzt Sal Çar Per Cum",
}
# months as they stand behind a day, where that is another word
MONTHS_BEHIND_DAYS = {
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
}
