using System.Globalization;
using System.Text;

namespace QemuZeroCopy.Server.Web;

/// <summary>One viewer as the others see it.</summary>
/// <param name="Key">Keeps viewers apart; never told to a page.</param>
/// <param name="Name">What the viewer wants to be called; empty without a wish.</param>
/// <param name="Controls">Whether its keyboard and pointer reach the machine.</param>
internal sealed record ViewerInfo(string Key, string Name, bool Controls);

/// <summary>What a viewer calls itself, made fit to be shown to others.</summary>
internal static class ViewerName
{
    /// <summary>The longest name, in UTF-16 units.</summary>
    public const int MaxLength = 40;

    /// <summary>The longest list that a page is told; its number of viewers counts all.</summary>
    public const int MaxListed = 32;

    /// <summary>
    /// Without what cannot be seen or changes what stands beside it (controls, marks of direction, lone surrogates),
    /// without space around it, and no longer than <see cref="MaxLength"/>.
    /// </summary>
    public static string Clean(string name)
    {
        var clean = new StringBuilder(MaxLength);
        foreach (Rune rune in name.EnumerateRunes())
        {
            bool seen = rune != Rune.ReplacementChar && Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse
                or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
            if (!seen)
                continue;
            if (clean.Length + rune.Utf16SequenceLength > MaxLength)
                break;
            clean.Append(rune);
        }

        return clean.ToString().Trim();
    }

    /// <summary>What a browser tells its windows by: up to 64 letters and digits; anything else counts as nothing.</summary>
    public static string Key(string? given) => given is { Length: > 0 and <= 64 } && given.All(char.IsAsciiLetterOrDigit) ? given : "";
}
