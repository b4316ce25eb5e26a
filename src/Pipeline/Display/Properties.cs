using System.Text;
using QemuZeroCopy.Interop.SdBus;

namespace QemuZeroCopy.Pipeline.Display;

/// <summary>Reads D-Bus property dictionaries, a{sv}.</summary>
internal static class Properties
{
    internal static ReadOnlySpan<byte> Interface => "org.freedesktop.DBus.Properties"u8;

    /// <summary>
    /// Goes through a dictionary and hands on each property of a type that Display1 has. False for anything but
    /// a dictionary.
    /// </summary>
    internal static bool Read(BusReader reader, Action<string, PropertyValue> set)
    {
        if (!reader.EnterArray("{sv}"u8))
            return false;
        while (reader.EnterEntry("sv"u8))
        {
            if (!reader.TryRead(out string name))
                return false;
            string type = Encoding.ASCII.GetString(reader.PeekVariant());
            if (PropertyValue.TryRead(reader, type, out PropertyValue value))
                set(name, value);
            else if (!reader.Skip("v"u8))
                return false;
            reader.Exit();
        }

        return reader.Exit();
    }
}

/// <summary>The value of a property, of one of the types that Display1 has.</summary>
/// <param name="Number">b, y, q, i, u, t.</param>
/// <param name="Text">s, o.</param>
/// <param name="Numbers">au.</param>
/// <param name="Texts">as.</param>
internal sealed record PropertyValue(ulong Number = 0, string Text = "", uint[]? Numbers = null, string[]? Texts = null)
{
    internal static bool TryRead(BusReader reader, string type, out PropertyValue value)
    {
        value = new PropertyValue();
        if (type is not ("b" or "u" or "i" or "q" or "y" or "t" or "s" or "o" or "au" or "as")
            || !reader.EnterVariant(Encoding.ASCII.GetBytes(type + '\0')))
            return false;
        value = type switch
        {
            "b" => new PropertyValue(reader.TryRead(out bool b) && b ? 1ul : 0),
            "u" => new PropertyValue(reader.TryRead(out uint u) ? u : 0),
            "i" => new PropertyValue(reader.TryRead(out int i) ? (ulong)(uint)i : 0),
            "q" => new PropertyValue(reader.TryRead(out ushort q) ? q : 0ul),
            "y" => new PropertyValue(reader.TryRead(out byte y) ? y : 0ul),
            "t" => new PropertyValue(reader.TryRead(out ulong t) ? t : 0),
            "au" => new PropertyValue(Numbers: reader.TryReadUInts(out ReadOnlySpan<uint> numbers) ? numbers.ToArray() : []),
            "as" => new PropertyValue(Texts: ReadTexts(reader)),
            _ => new PropertyValue(Text: reader.TryRead(out string text) ? text : ""),
        };
        return reader.Exit();
    }

    internal static string[] ReadTexts(BusReader reader)
    {
        List<string> texts = [];
        if (!reader.EnterArray("s"u8))
            return [];
        while (reader.TryRead(out string text))
            texts.Add(text);
        reader.Exit();
        return [.. texts];
    }
}
