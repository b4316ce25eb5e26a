// Written by tools/layouts from xkeyboard-config: what each key makes, in the order of `keys`; a space for nothing.
// Levels: plain, Shift, AltGr, both. `dead` says which keys put a combining mark on the next letter.

export const keys = "Backquote Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal IntlYen KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight Backslash KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote IntlBackslash KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash IntlRo Space".split(" ");

/** @type {Record<string, {name: string, levels: string[], dead: Record<string, string>}>} */
export const layouts = {
  "us": { name: "English (US)", dead: {}, levels: [
    "`1234567890-= qwertyuiop[]\\asdfghjkl;'<zxcvbnm,./",
    "~!@#$%^&*()_+ QWERTYUIOP{}|ASDFGHJKL:\">ZXCVBNM<>?",
  ] },
  "us(intl)": { name: "English (US, international)", dead: {"̀":"Backquote","́":"Quote","̂":"S+Digit6","̃":"S+Backquote","̄":"GS+Digit3","̆":"GS+Digit9","̇":"G+Period","̈":"S+Quote","̊":"GS+Digit0","̋":"GS+Digit2","̌":"GS+Period","̧":"GS+Digit5","̨":"GS+Digit8"}, levels: [
    " 1234567890-= qwertyuiop[]\\asdfghjkl; \\zxcvbnm,./",
    " !@#$% &*()_+ QWERTYUIOP{}|ASDFGHJKL: |ZXCVBNM<>?",
    "`¡²³¤€¼½¾‘’¥× äåé®þüúíóö«»¬áßðfghjœø¶'\\æx©vbñµç ¿",
    "~¹  £ ^     ÷ ÄÅÉ®ÞÜÚÍÓÖ“”¦Á§ÐFGHJŒØ°\"|ÆX¢VBÑµÇ",
  ] },
  "gb": { name: "English (UK)", dead: {"̀":"G+Backslash","́":"G+Semicolon","̂":"G+Quote","̃":"G+BracketRight","̄":"GS+BracketRight","̆":"GS+Backslash","̇":"GS+Slash","̈":"G+BracketLeft","̊":"GS+BracketLeft","̋":"GS+Semicolon","̌":"GS+Quote","̧":"G+Equal","̨":"GS+Equal"}, levels: [
    "`1234567890-= qwertyuiop[]#asdfghjkl;'\\zxcvbnm,./",
    "¬!\"£$%^&*()_+ QWERTYUIOP{}~ASDFGHJKL:@|ZXCVBNM<>?",
    "|¹²³€½¾{[]}\\  @ſe¶ŧ←↓→øþ   æßðđŋħ ĸł  |«»¢„“”µ•·",
    "|¡⅛£¼⅜⅝⅞™±°¿  Ω§E®Ŧ¥↑ıØÞ   ÆẞÐªŊĦ &Ł  ¦<>©‚‘’º×÷",
  ] },
  "be": { name: "Belgian", dead: {"̀":"G+Backslash","́":"G+Semicolon","̂":"BracketLeft","̃":"G+Slash","̄":"GS+BracketRight","̆":"GS+Backslash","̇":"GS+Slash","̈":"S+BracketLeft","̊":"GS+BracketLeft","̋":"GS+Semicolon","̌":"GS+Quote","̧":"G+Equal","̨":"GS+Equal"}, levels: [
    "²&é\"'(§è!çà)- azertyuiop $µqsdfghjklmù<wxcvbn,;:=",
    "³1234567890°_ AZERTYUIOP *£QSDFGHJKLM%>WXCVBN?./+",
    "¬|@#¼½^{[{}\\  @ſ€¶ŧ←↓→œþ[] æßðđŋħ ĸł  \\«»¢„“” •·",
    "¬¡⅛£$⅜⅝⅞™±°¿  Ω§¢®Ŧ¥↑ıŒÞ   ÆẞÐªŊĦ &Ł  \\<>©‚‘’º×÷",
  ] },
  "br": { name: "Portuguese (Brazil)", dead: {"̀":"S+BracketLeft","́":"BracketLeft","̂":"S+Quote","̃":"Quote","̄":"GS+BracketRight","̆":"GS+IntlBackslash","̇":"GS+Slash","̈":"S+Digit6","̋":"GS+Semicolon","̌":"G+IntlBackslash","̨":"GS+Equal"}, levels: [
    "'1234567890-= qwertyuiop []asdfghjklç \\zxcvbnm,.;/",
    "\"!@#$% &*()_+ QWERTYUIOP {}ASDFGHJKLÇ |ZXCVBNM<>:?",
    "¬¹²³£¢¬{[]}\\§ /?°®ŧ←↓→øþ´ªºæßðđŋħ ĸł ~ «»©„“”µ•· °",
    "¬¡½¾¼⅜¨⅞™±°¿  /?°®Ŧ¥↑ıØÞ` ºÆẞÐªŊĦ &Ł ^ <>©‚‘’µ×÷ ¿",
  ] },
  "bg": { name: "Bulgarian", dead: {}, levels: [
    "(1234567890-. ,уеишщксдзц;„ьяаожгтнвмчѝюйъэфхпрлб",
    ")!?+\"%=:/–№$€ ыУЕИШЩКСДЗЦ§“ѝЯАОЖГТНВМЧЍЮЙЪЭФХПРЛБ",
  ] },
  "ca": { name: "Canadian (French)", dead: {"̀":"Quote","́":"G+Slash","̂":"BracketLeft","̈":"S+BracketRight","̧":"BracketRight"}, levels: [
    "#1234567890-= qwertyuiop  <asdfghjkl; «zxcvbnm,.é",
    "|!\"/$%?&*()_+ QWERTYUIOP  >ASDFGHJKL: »ZXCVBNM'.É",
    "\\±@£¢¤¬¦²³¼½¾ qwertyui§¶[]}asdfghjkl~{°zxcvbnµ¯­",
    "              QWERTYUI     ASDFGHJKL  ¦ZXCVBN",
  ] },
  "cz": { name: "Czech", dead: {"̀":"GS+Digit7","́":"Equal","̂":"GS+Digit3","̃":"GS+Digit1","̄":"G+Equal","̆":"GS+Digit4","̇":"GS+Digit8","̈":"Backslash","̊":"S+Backquote","̋":"GS+Digit0","̌":"S+Equal","̧":"GS+Equal","̨":"GS+Digit6"}, levels: [
    ";+ěščřžýáíé=  qwertzuiopú) asdfghjklů§\\yxcvbnm,.-",
    " 1234567890%  QWERTZUIOP/('ASDFGHJKL\"!|YXCVBNM?:_",
    "`!@#$%^&*{}\\  \\|€¶ŧ←↓→øþ[]\\~đĐ[]`'łŁ$'/°#&@{}^<>*",
    "~             Ω§E®Ŧ¥↑ıØÞ÷×|ÆẞÐªŊĦ &Ł ß¦<>©‚‘’º×÷",
  ] },
  "dk": { name: "Danish", dead: {"̀":"S+Equal","́":"Equal","̂":"S+BracketRight","̃":"G+BracketRight","̇":"GS+Period","̈":"BracketRight","̊":"GS+BracketLeft","̋":"G+Backslash","̌":"GS+BracketRight","̧":"G+Comma","̨":"GS+Comma"}, levels: [
    "½1234567890+  qwertyuiopå 'asdfghjklæø<zxcvbnm,.-",
    "§!\"#¤%&/()=?  QWERTYUIOPÅ *ASDFGHJKLÆØ>ZXCVBNM;:_",
    "¾¡@£$½¥{[]}±| @ſ€®þ←↓→œþ   ªßðđŋħ ĸł  \\«»©„“”µ ·",
    "¶¹²³¼¢⅝÷«»°¿¦ Ω§¢®Þ¥↑ıŒÞ  ×ºẞÐªŊĦ &Ł  ¬<>©‚‘’º",
  ] },
  "de": { name: "German", dead: {"̀":"S+Equal","́":"Equal","̂":"Backquote","̆":"GS+Backslash","̇":"GS+KeyJ","̈":"G+BracketLeft","̊":"GS+BracketLeft","̋":"G+Semicolon","̌":"GS+Quote","̧":"G+Equal","̨":"GS+Equal"}, levels: [
    " 1234567890ß  qwertzuiopü+#asdfghjklöä<yxcvbnm,.-",
    "°!\"§$%&/()=?  QWERTZUIOPÜ*'ASDFGHJKLÖÄ>YXCVBNM;:_",
    "′¹²³¼½¬{[]}\\  @ſ€¶ŧ←↓→øþ ~’æſðđŋħ ĸł  |»«¢„“”µ·…–",
    "″¡⅛£¤⅜⅝⅞™±°¿  Ω§€®Ŧ¥↑ıØÞ ¯ ÆẞÐªŊĦ &Ł   ›‹©‚‘’º×÷—",
  ] },
  "ch": { name: "German (Switzerland)", dead: {"̀":"S+Equal","́":"G+Minus","̂":"Equal","̃":"G+Equal","̄":"GS+BracketRight","̆":"GS+Backslash","̇":"GS+Slash","̈":"BracketRight","̊":"GS+BracketLeft","̋":"GS+Semicolon","̌":"GS+Quote","̨":"GS+Equal"}, levels: [
    "§1234567890'  qwertzuiopü $asdfghjklöä<yxcvbnm,.-",
    "°+\"*ç%&/()=?  QWERTZUIOPè!£ASDFGHJKLéà>YXCVBNM;:_",
    "¬|@#¼½¬|¢]}   @ſ€¶ŧ←↓→œþ[]}æßðđŋħ ĸł {\\«»¢„“”µ•·",
    "¬¡⅛£$⅜⅝⅞™±°¿  Ω§E®Ŧ¥↑ıŒÞ   ÆẞÐªŊĦ &Ł  ¦<>©‚‘’º×÷",
  ] },
  "ch(fr)": { name: "French (Switzerland)", dead: {"̀":"S+Equal","́":"G+Minus","̂":"Equal","̃":"G+Equal","̄":"GS+BracketRight","̆":"GS+Backslash","̇":"GS+Slash","̈":"BracketRight","̊":"GS+BracketLeft","̋":"GS+Semicolon","̌":"GS+Quote","̨":"GS+Equal"}, levels: [
    "§1234567890'  qwertzuiopè $asdfghjkléà<yxcvbnm,.-",
    "°+\"*ç%&/()=?  QWERTZUIOPü!£ASDFGHJKLöä>YXCVBNM;:_",
    "¬|@#¼½¬|¢]}   @ſ€¶ŧ←↓→œþ[]}æßðđŋħ ĸł {\\«»¢„“”µ•·",
    "¬¡⅛£$⅜⅝⅞™±°¿  Ω§E®Ŧ¥↑ıŒÞ   ÆẞÐªŊĦ &Ł  ¦<>©‚‘’º×÷",
  ] },
  "ee": { name: "Estonian", dead: {"̀":"S+Equal","́":"Equal","̃":"S+Backquote","̄":"GS+BracketRight","̆":"GS+Backslash","̈":"G+BracketLeft","̊":"GS+BracketLeft","̋":"GS+Semicolon","̌":"Backquote"}, levels: [
    " 1234567890+  qwertyuiopüõ'asdfghjklöä<zxcvbnm,.-",
    " !\"#¤%&/()=?  QWERTYUIOPÜÕ*ASDFGHJKLÖÄ>ZXCVBNM;:_",
    "¬¹@£$½¬{[]}\\` @ſ€¶ŧ←↓→øþ §½æšðđŋħ ĸł ^|ž»¢„“”µ<>|",
    "¬¡⅛£$⅜⅝⅞™±°¿' Ω§¢®Ŧ¥↑ıØÞ   ÆŠÐªŊĦ &Ł  ¦Ž>©‚‘’º×÷˙",
  ] },
  "es": { name: "Spanish", dead: {"̀":"BracketLeft","́":"Quote","̂":"S+BracketLeft","̃":"G+Semicolon","̄":"GS+BracketRight","̆":"GS+Backslash","̇":"GS+Slash","̈":"S+Quote","̊":"GS+BracketLeft","̋":"GS+Semicolon","̌":"GS+Quote","̧":"G+Equal","̨":"GS+Equal"}, levels: [
    "º1234567890'¡ qwertyuiop +çasdfghjklñ <zxcvbnm,.-",
    "ª!\"·$%&/()=?¿ QWERTYUIOP *ÇASDFGHJKLÑ >ZXCVBNM;:_",
    "\\|@#~½¬{[]}\\  @ſ€¶ŧ←↓→øþ[]}æßðđŋħ ĸł {|«»¢„“”µ•·",
    "\\¡⅛£$⅜⅝⅞™±°¿  Ω§¢®Ŧ¥↑ıØÞ   ÆẞÐªŊĦ &Ł  ¦<>©‚‘’º×÷",
  ] },
  "latam": { name: "Spanish (Latin America)", dead: {"̀":"G+Backslash","́":"BracketLeft","̂":"G+Quote","̄":"GS+BracketRight","̇":"GS+Slash","̈":"S+BracketLeft","̊":"GS+BracketLeft","̋":"GS+Semicolon","̧":"G+Equal","̨":"GS+Equal"}, levels: [
    "|1234567890'¿ qwertyuiop +}asdfghjklñ{<zxcvbnm,.-",
    "°!\"#$%&/()=?¡ QWERTYUIOP *]ASDFGHJKLÑ[>ZXCVBNM;:_",
    "¬|@·~½¬{[]}\\  @ſ€¶ŧ←↓→øþ ~ æßðđŋħ ĸł~ \\«»¢„“”µ•·",
    "¬¡⅛£$⅜⅝⅞™±°¿  Ω§¢®Ŧ¥↑ıØÞ  }ÆẞÐªŊĦ &Ł {|<>©‚‘’º×÷",
  ] },
  "fr": { name: "French", dead: {"̀":"G+Backslash","́":"G+KeyM","̂":"BracketLeft","̄":"GS+BracketRight","̆":"GS+Backslash","̇":"GS+Slash","̈":"S+BracketLeft","̊":"GS+BracketLeft","̋":"GS+KeyM","̌":"GS+Quote","̨":"GS+Equal"}, levels: [
    "²&é\"'(-è_çà)= azertyuiop $*qsdfghjklmù<wxcvbn,;:!",
    "~1234567890°+ AZERTYUIOP £µQSDFGHJKLM%>WXCVBN?./§",
    "¬¹~#{[|`\\^@]} æ«€¶ŧ←↓→øþ ¤ @ßðđŋħ ĸłµ |ł»¢„“” •·",
    "¬¡⅛£$⅜⅝⅞™±°¿  Æ<¢®Ŧ¥↑ıØÞ   ΩẞÐªŊĦ &Łº ¦Ł>©‚‘’ ×÷",
  ] },
  "gr": { name: "Greek", dead: {"̀":"G+Quote","́":"Semicolon","̃":"G+BracketLeft","̄":"GS+BracketLeft","̆":"GS+BracketRight","̈":"S+Semicolon"}, levels: [
    "`1234567890-= ;ςερτυθιοπ[]\\ασδφγηξκλ '«ζχψωβνμ,./",
    "~!@#$%^&*()_+ :ΣΕΡΤΥΘΙΟΠ{}|ΑΣΔΦΓΗΞΚΛ \"»ΖΧΨΩΒΝΜ<>?",
    "` ½£¼€ϰϗ₯9°±= ·ϛ€®τϒϑͻοϡ  \\ασ↓ϕϝηͼϟϲ  |ͽ→©ϖϐʹϻ«»/",
    "~¹²³¾  Ϗ (  +  Ϛ ϱΤϒϴϽΟϠ  |ΑΣ↑ ϜΗϾϞϹ  ¦Ͽ←   ͵Ϻ ·?",
  ] },
  "hr": { name: "Croatian", dead: {"̀":"GS+Digit7","́":"G+Digit9","̂":"GS+Digit3","̃":"GS+Digit1","̄":"GS+BracketRight","̆":"G+Digit4","̇":"G+Digit8","̈":"G+Minus","̊":"GS+Digit5","̋":"G+Digit0","̌":"G+Digit2","̧":"G+Equal","̨":"G+Digit6"}, levels: [
    "`1234567890'+ qwertzuiopšđžasdfghjklčć<yxcvbnm,.-",
    "~!\"#$%&/()=?* QWERTZUIOPŠĐŽASDFGHJKLČĆ>YXCVBNM;:_",
    "¬~ ^ ° `      \\|€¶ŧ←↓→øþ÷×¤æ„”[]ħ łł ß|‘’¢@{}§<>",
    "¬ ˇ ˘ ˛ ˙'˝¨¸ ΩŁ€®Ŧ¥↑ıØÞ   Æ»«ªŊĦ &Ł  ¦»«©`'}º×÷",
  ] },
  "hu": { name: "Hungarian", dead: {"̀":"GS+Digit7","́":"G+Digit9","̂":"GS+Digit3","̃":"GS+Digit1","̄":"GS+BracketRight","̆":"G+Digit4","̇":"G+Digit8","̈":"G+Minus","̊":"G+Digit5","̋":"G+Digit0","̌":"G+Digit2","̧":"G+Equal","̨":"G+Digit6"}, levels: [
    "0123456789öüó qwertzuiopőúűasdfghjkléáíyxcvbnm,.-",
    "§'\"+!%/=()ÖÜÓ QWERTZUIOPŐÚŰASDFGHJKLÉÁÍYXCVBNM?:_",
    "¬~ ^   `      \\|Ä¶ŧ–€Í„”÷×¤äđĐ[]ħíłŁ$ß<>#&@{}<;>*",
    "¬ ˇ ˘°˛ ˙´˝¨¸ Ω§E®Ŧ¥↑íØÞ   ÄẞÐªŊĦÍ&Ł¢ẞ><>©‚‘’º×÷",
  ] },
  "il": { name: "Hebrew", dead: {}, levels: [
    ";1234567890-= /'קראטוןםפ][\\שדגכעיחלךף,<זסבהנמצתץ.",
    "~!@#$%^&*)(_+ QWERTYUIOP}{|ASDFGHJKL:\">ZXCVBNM><?",
    "׳  €₪°ֽ֫×‎‏־– ֳָׁׂ װֹ  ְֲַֻּֿ  ױײִ ”„״| ֱֶ   ֵ’‚÷",
    "                                      ¦    ׆",
  ] },
  "is": { name: "Icelandic", dead: {"́":"Quote","̂":"G+Quote","̄":"GS+BracketRight","̆":"GS+Backslash","̇":"GS+Slash","̈":"S+Backquote","̊":"Backquote","̋":"GS+Semicolon","̌":"GS+Quote","̧":"G+Equal","̨":"GS+Equal"}, levels: [
    " 1234567890ö- qwertyuiopð'+asdfghjklæ <zxcvbnm,.þ",
    " !\"#$%&/()=Ö_ QWERTYUIOPÐ?*ASDFGHJKLÆ >ZXCVBNM;:Þ",
    "¬¹²³¼½¬{[]}\\  @ſ€¶ŧ←↓→ø| ~`æß„đŋħ ĸł^ |«»¢„“”µ•·",
    "­¡⅛£¤⅜⅝⅞™±°¿  Ω§¢®Ŧ¥↑ıØπ   Æẞ“ªŊĦ &Ł  ¦<>©‚‘’º×÷",
  ] },
  "it": { name: "Italian", dead: {"̀":"G+Backslash","́":"G+Comma","̂":"GS+Equal","̃":"GS+Digit3","̄":"G+Slash","̆":"GS+Backslash","̈":"GS+Period","̊":"GS+Quote","̋":"GS+Digit2","̧":"GS+Semicolon","̨":"GS+Digit0"}, levels: [
    "\\1234567890'ì qwertyuiopè+ùasdfghjklòà<zxcvbnm,.-",
    "|!\"£$%&/()=?^ QWERTYUIOPé*§ASDFGHJKLç°>ZXCVBNM;:_",
    "¬¹²³¼½¬{[]}`~ @ſ€¶ŧ←↓→øþ[] æßðđŋħ ĸł@#««»¢“”ñµ ·",
    "¦¡  ⅛⅜⅝⅞™± ¿  Ω§¢®Ŧ¥↑ıØÞ{} ÆẞÐªŊĦ &Ł  »<>©‘’Ñº× ÷",
  ] },
  "jp": { name: "Japanese", dead: {}, levels: [
    " 1234567890-^\\qwertyuiop@[]asdfghjkl;:<zxcvbnm,./\\",
    " !\"#$%&'()~=~|QWERTYUIOP`{}ASDFGHJKL+*>ZXCVBNM<>?_",
  ] },
  "lt": { name: "Lithuanian", dead: {"̀":"G+Backslash","́":"G+Semicolon","̂":"G+Quote","̃":"G+BracketRight","̄":"GS+BracketRight","̆":"GS+Backslash","̇":"GS+Slash","̈":"G+BracketLeft","̊":"GS+BracketLeft","̋":"GS+Semicolon","̌":"GS+Quote"}, levels: [
    "`ąčęėįšųū„“-ž qwertyuiop[]\\asdfghjkl;'–zxcvbnm,./",
    "~ĄČĘĖĮŠŲŪ()_Ž QWERTYUIOP{}|ASDFGHJKL:\"€ZXCVBNM<>?",
    "´1234567890–= @ſ€¶ŧ←↓→øþ   æßðđŋħ ĸł  |«»¢„“”µ•·",
    "¬!@#$%^&*()¿+ Ω§£®Ŧ¥↑ıØÞ   ÆẞÐªŊĦ &Ł  ¦<>©‚‘’º×÷",
  ] },
  "lv": { name: "Latvian", dead: {}, levels: [
    "`1234567890-= qwertyuiop[]\\asdfghjkl;'<zxcvbnm,./",
    "~!@#$%^&*()_+ QWERTYUIOP{}|ASDFGHJKL:\">ZXCVBNM<>?",
    "´¹²³€½¾{[]}\\– qwēŗtyūīōp«»`āšdfģhjķļ;“|žxčvbņm•·/",
    "~¡⅛£¢⅜⅝⅞™±°¿— QWĒŖTYŪĪŌP“”˘ĀŠDFĢHJĶĻ:„¦ŽXČVBŅM×÷˙",
  ] },
  "nl": { name: "Dutch", dead: {"̀":"S+Quote","́":"Quote","̂":"S+BracketLeft","̃":"S+Equal","̄":"GS+BracketRight","̆":"GS+Backslash","̇":"GS+Slash","̈":"BracketLeft","̋":"GS+Semicolon","̧":"G+Equal","̨":"GS+Equal"}, levels: [
    "@1234567890/° qwertyuiop *<asdfghjkl+ ]zxcvbnm,.-",
    "§!\"#$%&_()'?  QWERTYUIOP |>ASDFGHJKL± [ZXCVBNM;:=",
    "¬¹²³¼½¾£{}°\\  @ſ€¶þÿüïò¶~  áßðªŋħ ĸł '|«»¢“”ñμ¸·­",
    "¬¡⅛£$⅜⅝⅞[]™¿  Ω§¢®Þ¥ÜÏÒÞ^  ÁẞÐªŊĦ &Ł `¦<>©‘’Ñº«»",
  ] },
  "no": { name: "Norwegian", dead: {"̀":"S+Equal","́":"G+Equal","̂":"S+BracketRight","̃":"G+BracketRight","̈":"BracketRight","̊":"GS+BracketLeft","̋":"G+Backslash","̌":"GS+BracketRight","̧":"G+Comma","̨":"GS+Comma"}, levels: [
    "|1234567890+\\ qwertyuiopå 'asdfghjkløæ<zxcvbnm,.-",
    "§!\"#¤%&/()=?  QWERTYUIOPÅ *ASDFGHJKLØÆ>ZXCVBNM;:_",
    "¦¡@£$½¥{[]}±  @ſ€®þ←↓→œπ   ªßðđŋħ ĸł  ½«»©„“”µ …–",
    "¶¹²³¼‰⅝÷«»°¿¬ Ω§¢™Þ¥↑ıŒΠ  ×ºẞÐªŊĦ &Ł  ¾<>©‚‘’º ·—",
  ] },
  "pl": { name: "Polish", dead: {"̀":"G+Backslash","́":"G+Semicolon","̂":"G+Quote","̃":"G+BracketRight","̄":"GS+BracketRight","̆":"GS+Backslash","̇":"GS+Slash","̈":"G+BracketLeft","̊":"GS+BracketLeft","̋":"GS+Semicolon","̌":"GS+Quote","̧":"G+Equal","̨":"GS+Equal"}, levels: [
    "`1234567890-= qwertyuiop[]\\asdfghjkl;'<zxcvbnm,./",
    "~!@#$%^&*()_+ QWERTYUIOP{}|ASDFGHJKL:\">ZXCVBNM<>?",
    "¬≠²³¢€½§·«»–  πœę©ß←↓→óþ   ąśðæŋ’ə…ł  |żźć„”ńµ≤≥",
    "∨¡¿£¼‰∧≈¾±°—  ΩŒĘ®™¥↑↔ÓÞ   ĄŚÐÆŊ•Ə Ł  ¦ŻŹĆ‘“Ń∞×÷",
  ] },
  "pt": { name: "Portuguese", dead: {"̀":"S+BracketRight","́":"BracketRight","̂":"S+Backslash","̃":"Backslash","̄":"GS+BracketRight","̆":"GS+Backslash","̇":"GS+Slash","̈":"G+BracketLeft","̊":"GS+BracketLeft","̋":"GS+Semicolon","̌":"GS+Quote","̧":"G+Equal","̨":"GS+Equal"}, levels: [
    "\\1234567890'« qwertyuiop+  asdfghjklçº<zxcvbnm,.-",
    "|!\"#$%&/()=?» QWERTYUIOP*  ASDFGHJKLÇª>ZXCVBNM;:_",
    "¬¹@£§½¬{[]}\\  @ſ€¶ŧ←↓→øþ   æßðđŋħ ĸł  \\«»¢„“”µ•·",
    "¬¡⅛£$⅜⅝⅞™±°¿  Ω§¢®Ŧ¥↑ıØÞ   ÆẞÐªŊĦ &Ł  \\<>©‚‘’º×÷",
  ] },
  "ro": { name: "Romanian", dead: {"̀":"G+Digit7","́":"G+Digit9","̂":"G+Digit3","̃":"G+Digit1","̆":"G+Digit4","̇":"G+Digit8","̈":"G+Minus","̊":"G+Digit5","̋":"G+Digit0","̌":"G+Digit2","̧":"G+Equal","̨":"G+Digit6"}, levels: [
    "`1234567890-= qwertyuiop[]\\asdfghjkl;'\\zxcvbnm,./",
    "~!@#$%^&*()_+ QWERTYUIOP{}|ASDFGHJKL:\"|ZXCVBNM<>?",
    "`             âß€rțyuîo§„”\\ășđfghjkł;'|zx©vbnm«»/",
    "~          –± Âẞ RȚYUÎO   |ĂȘĐFGHJKŁ:\"¦ZX VBNM  ?",
  ] },
  "ru": { name: "Russian", dead: {}, levels: [
    "ё1234567890-= йцукенгшщзхъ\\фывапролджэ/ячсмитьбю.",
    "Ё!\"№;%:?*()_+ ЙЦУКЕНГШЩЗХЪ/ФЫВАПРОЛДЖЭ|ЯЧСМИТЬБЮ,",
  ] },
  "se": { name: "Swedish", dead: {"̀":"S+Equal","́":"Equal","̂":"S+BracketRight","̃":"G+BracketRight","̇":"GS+Period","̈":"BracketRight","̊":"GS+BracketLeft","̌":"GS+BracketRight","̧":"G+Comma","̨":"GS+Comma"}, levels: [
    "§1234567890+  qwertyuiopå 'asdfghjklöä<zxcvbnm,.-",
    "½!\"#¤%&/()=?  QWERTYUIOPÅ *ASDFGHJKLÖÄ>ZXCVBNM;:_",
    "¶¡@£$€¥{[]}\\± @ſ€®þ←↓→œþ  ´ªßðđŋħ ĸłøæ|«»©„“”µ ·",
    "¾¹²³¼¢⅝÷«»°¿¬ Ω§¢®Þ¥↑ıŒÞ  ×ºẞÐªŊĦ &ŁØÆ¦<>©‚‘’º",
  ] },
  "si": { name: "Slovenian", dead: {"̀":"G+Digit7","́":"G+Digit9","̂":"G+Digit3","̃":"G+Digit1","̄":"GS+BracketRight","̆":"G+Digit4","̇":"G+Digit8","̈":"G+Minus","̊":"G+Digit5","̋":"G+Digit0","̌":"G+Digit2","̧":"G+Equal","̨":"G+Digit6"}, levels: [
    "¸1234567890'+ qwertzuiopšđžasdfghjklčć<yxcvbnm,.-",
    "¨!\"#$%&/()=?* QWERTZUIOPŠĐŽASDFGHJKLČĆ>YXCVBNM;:_",
    "¸             \\|€¶ŧ←↓→øþ÷×¤æ„“[]ħ łł ß|‘’¢@{}§<>—",
    "¨~ˇ^˘°˛`˙'˝¨¸ ΩŁ€®Ŧ¥↑ıØÞ   Æ»«ªŊĦ &Ł  ¦»«©`'}º×÷–",
  ] },
  "sk": { name: "Slovak", dead: {"̀":"GS+Digit7","́":"Equal","̂":"GS+Digit3","̃":"GS+Digit1","̄":"G+Equal","̆":"GS+Digit4","̇":"GS+Digit8","̈":"GS+Minus","̊":"S+Backquote","̋":"GS+Digit0","̌":"S+Equal","̧":"GS+Equal","̨":"GS+Digit6"}, levels: [
    ";+ľščťžýáíé=  qwertzuiopúäňasdfghjklô§\\yxcvbnm,.-",
    " 1234567890%  QWERTZUIOP/()ASDFGHJKL\"!|YXCVBNM?:_",
    "`!@#$%^&*{}\\  \\|€¶ŧ←↓→øþ[]\\~đĐ[]`'łŁ$'/°#&@{}^<>*",
    "~             Ω§E®Ŧ¥↑ıØÞ÷×|ÆẞÐªŊĦ &Ł ß¦<>©‚‘’º×÷",
  ] },
  "fi": { name: "Finnish", dead: {"̀":"S+Equal","́":"Equal","̂":"S+BracketRight","̃":"G+BracketRight","̄":"GS+BracketRight","̆":"GS+Backslash","̇":"GS+Period","̈":"BracketRight","̊":"GS+BracketLeft","̋":"G+BracketLeft","̌":"G+Backslash","̧":"G+Equal","̨":"GS+Equal"}, levels: [
    "§1234567890+  qwertyuiopå 'asdfghjklöä<zxcvbnm,.-",
    "½!\"#¤%&/()=?  QWERTYUIOPÅ *ASDFGHJKLÖÄ>ZXCVBNM;:_",
    "  @£$‰‚{[]}\\  qw€rþyuıœ    əßðfghjĸ øæ|ʒ×cvbŋµ’ –",
    " ¡”»«“„ <>°¿  QW RÞYU|Œ    ƏẞÐFGHJ  ØÆ¦Ʒ·CVBŊ—‘",
  ] },
  "tr": { name: "Turkish", dead: {"̀":"GS+Backslash","́":"GS+Semicolon","̄":"GS+BracketRight","̇":"G+Slash","̈":"G+BracketLeft","̊":"GS+BracketLeft","̌":"GS+Quote"}, levels: [
    "\"1234567890*- qwertyuıopğü,asdfghjklşi<zxcvbnmöç.",
    "é!'^+%&/()=?_ QWERTYUIOPĞÜ;ASDFGHJKLŞİ>ZXCVBNMÖÇ:",
    "<>£#$½¾{[]}\\| @ €¶₺←ûîô  ~`âß ª     ´'|«»¢„“”µ×·",
    "°¡²³¼⅜   ±°¿  Ω  ® ¥ÛÎÔ    Â          ¦<>©‚‘’º ÷",
  ] },
  "ua": { name: "Ukrainian", dead: {}, levels: [
    "'1234567890-= йцукенгшщзхїґфівапролджє/ячсмитьбю.",
    "ʼ!\"№;%:?*()_+ ЙЦУКЕНГШЩЗХЇҐФІВАПРОЛДЖЄ|ЯЧСМИТЬБЮ,",
    " ¹²§$°<>•[]—≠ јџў®ёњгшщзхъ\\фывапрољђжэ|яћ©ми™ь«»/",
    "~ ’₴€    {}–± ЈЏЎ ЁЊГШЩЗХЪ|ФЫВАПРОЉЂЖЭ¦ЯЋ МИ Ь„“…",
  ] },
};
