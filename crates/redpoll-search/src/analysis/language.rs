//! The languages that text can be in.

use waken_snowball::Algorithm;

macro_rules! languages {
    ($($variant:ident $name:literal $stemmer:expr;)*) => {
        /// The language of a text: it decides how words are found and stemmed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub enum Language {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
            /// `english`
            #[default]
            English,
        }

        impl Language {
            /// Every language.
            pub const ALL: &[Language] = &[$(Language::$variant,)* Language::English];

            /// The name that commands call it by.
            pub fn name(self) -> &'static str {
                match self {
                    $(Language::$variant => $name,)*
                    Language::English => "english",
                }
            }

            /// The algorithm that finds stems; none for a language without.
            pub(super) fn stemmer(self) -> Option<Algorithm> {
                match self {
                    $(Language::$variant => $stemmer,)*
                    Language::English => Some(Algorithm::English),
                }
            }
        }
    };
}

languages! {
    Arabic "arabic" Some(Algorithm::Arabic);
    Armenian "armenian" Some(Algorithm::Armenian);
    Basque "basque" Some(Algorithm::Basque);
    Catalan "catalan" Some(Algorithm::Catalan);
    Chinese "chinese" None;
    Danish "danish" Some(Algorithm::Danish);
    Dutch "dutch" Some(Algorithm::Dutch);
    Finnish "finnish" Some(Algorithm::Finnish);
    French "french" Some(Algorithm::French);
    German "german" Some(Algorithm::German);
    Greek "greek" Some(Algorithm::Greek);
    Hindi "hindi" Some(Algorithm::Hindi);
    Hungarian "hungarian" Some(Algorithm::Hungarian);
    Indonesian "indonesian" Some(Algorithm::Indonesian);
    Irish "irish" Some(Algorithm::Irish);
    Italian "italian" Some(Algorithm::Italian);
    Lithuanian "lithuanian" Some(Algorithm::Lithuanian);
    Malay "malay" Some(Algorithm::Indonesian);
    Nepali "nepali" Some(Algorithm::Nepali);
    Norwegian "norwegian" Some(Algorithm::Norwegian);
    Portuguese "portuguese" Some(Algorithm::Portuguese);
    Romanian "romanian" Some(Algorithm::Romanian);
    Russian "russian" Some(Algorithm::Russian);
    Serbian "serbian" Some(Algorithm::Serbian);
    Spanish "spanish" Some(Algorithm::Spanish);
    Swedish "swedish" Some(Algorithm::Swedish);
    Tagalog "tagalog" None;
    Tamil "tamil" Some(Algorithm::Tamil);
    Turkish "turkish" Some(Algorithm::Turkish);
    Yiddish "yiddish" Some(Algorithm::Yiddish);
}

impl Language {
    /// The language of this name, in any case.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.name().as_bytes().eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn names_lead_back_to_their_languages() {
        for language in Language::ALL {
            assert_eq!(Language::from_name(language.name().as_bytes()), Some(*language));
        }
        assert_eq!(Language::from_name(b"GERMAN"), Some(Language::German));
        assert_eq!(Language::from_name(b"klingon"), None);
        assert_eq!(Language::from_name(b""), None);
    }
}
