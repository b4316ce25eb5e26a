using System.Globalization;
using System.Xml.Linq;

namespace QemuZeroCopy.Bindgen;

/// <summary>A C declaration of the registry: a struct member or a parameter.</summary>
internal sealed record Declaration(string Type, int Pointers, string Name, string? ArrayLength, string? StructureType);

/// <summary>vk.xml, looked up by name.</summary>
internal sealed class VulkanRegistry
{
    private readonly Dictionary<string, XElement> _types = [];
    private readonly Dictionary<string, XElement> _commands = [];
    private readonly Dictionary<string, XElement> _enums = [];
    private readonly Dictionary<string, XElement> _values = [];
    private readonly List<(string Source, int ExtensionNumber, XElement Value)> _additions = [];

    public VulkanRegistry(string path)
    {
        var root = XDocument.Load(path, LoadOptions.PreserveWhitespace).Root!;
        foreach (var type in root.Elements("types").Elements("type"))
        {
            _types.TryAdd((string?)type.Attribute("name") ?? (string?)type.Element("name") ?? "", type);
        }

        foreach (var command in root.Elements("commands").Elements("command"))
        {
            _commands.TryAdd((string?)command.Attribute("name") ?? (string)command.Element("proto")!.Element("name")!, command);
        }

        foreach (var group in root.Elements("enums"))
        {
            _enums.TryAdd((string)group.Attribute("name")!, group);
            foreach (var value in group.Elements("enum"))
            {
                _values.TryAdd((string)value.Attribute("name")!, value);
            }
        }

        foreach (var source in root.Elements("feature").Concat(root.Elements("extensions").Elements("extension")))
        {
            var number = int.Parse((string?)source.Attribute("number") is { } n && !n.Contains('.', StringComparison.Ordinal) ? n : "0", CultureInfo.InvariantCulture);
            foreach (var value in source.Elements("require").Elements("enum").Where(e => e.Attribute("extends") is not null))
            {
                _additions.Add(((string)source.Attribute("name")!, number, value));
            }
        }
    }

    public string CategoryOf(string type) =>
        _types.TryGetValue(type, out var element) ? (string?)element.Attribute("category") ?? "" : "";

    public string Resolve(string type)
    {
        while (_types.TryGetValue(type, out var element) && (string?)element.Attribute("alias") is { } alias)
        {
            type = alias;
        }

        return type;
    }

    /// <summary>The enum that names the bits of a Flags type, or null where no bit is defined.</summary>
    public string? BitsOf(string flags) =>
        (string?)_types[flags].Attribute("requires") ?? (string?)_types[flags].Attribute("bitvalues");

    public bool Is64Bit(string flags) => ((string?)_types[flags].Element("type")) == "VkFlags64";

    public bool IsDispatchable(string handle) => ((string?)_types[handle].Element("type")) == "VK_DEFINE_HANDLE";

    public IEnumerable<Declaration> MembersOf(string type) => _types[type].Elements("member").Select(Declare);

    public (string Result, IReadOnlyList<Declaration> Parameters) Command(string name)
    {
        var command = _commands.TryGetValue(name, out var found) ? found
            : throw new InvalidOperationException($"vk.xml has no command {name}: correct tools/bindgen/vulkan.list.");
        return ((string)command.Element("proto")!.Element("type")!, [.. command.Elements("param").Select(Declare)]);
    }

    public long Constant(string name)
    {
        var text = (string)_values[name].Attribute("value")!;
        return text.Trim('(', ')') switch
        {
            "~0U" => uint.MaxValue,
            "~1U" => uint.MaxValue - 1,
            "~2U" => uint.MaxValue - 2,
            "~0ULL" => -1,
            var number => long.Parse(number, CultureInfo.InvariantCulture),
        };
    }

    /// <summary>All values of an enum: its own, the core versions', and those of the named extensions.</summary>
    public IEnumerable<(string Name, long Value)> ValuesOf(string enumName, Func<string, bool> extension)
    {
        var own = _enums.TryGetValue(enumName, out var group) ? group.Elements("enum").Select(v => (Number: 0, Value: v)) : [];
        var added = _additions
            .Where(a => (string)a.Value.Attribute("extends")! == enumName
                && (a.Source.StartsWith("VK_VERSION", StringComparison.Ordinal) || extension(a.Source)))
            .Select(a => (Number: a.ExtensionNumber, a.Value));
        return own.Concat(added)
            .Where(v => v.Value.Attribute("alias") is null)
            .Select(v => ((string)v.Value.Attribute("name")!, ValueOf(v.Value, v.Number)))
            .DistinctBy(v => v.Item1);
    }

    private static long ValueOf(XElement value, int extensionNumber)
    {
        if ((string?)value.Attribute("bitpos") is { } bit)
        {
            return 1L << int.Parse(bit, CultureInfo.InvariantCulture);
        }

        if ((string?)value.Attribute("offset") is { } offset)
        {
            // The registry's rule for extension enums: 1000000000 + (extension number - 1) * 1000 + offset.
            var number = (int?)value.Attribute("extnumber") ?? extensionNumber;
            var magnitude = 1000000000L + ((number - 1) * 1000L) + int.Parse(offset, CultureInfo.InvariantCulture);
            return (string?)value.Attribute("dir") == "-" ? -magnitude : magnitude;
        }

        var text = (string)value.Attribute("value")!;
        return text.StartsWith("0x", StringComparison.Ordinal)
            ? long.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : long.Parse(text, CultureInfo.InvariantCulture);
    }

    private static Declaration Declare(XElement element)
    {
        var text = string.Concat(element.Nodes().OfType<XText>().Select(t => t.Value));
        var length = (string?)element.Element("enum")
            ?? (text.Contains('[', StringComparison.Ordinal) ? text[(text.IndexOf('[', StringComparison.Ordinal) + 1)..text.IndexOf(']', StringComparison.Ordinal)] : null);
        if (text.Contains(':', StringComparison.Ordinal))
        {
            throw new NotSupportedException($"{(string?)element.Element("name")}: bit fields are not bound.");
        }

        return new((string)element.Element("type")!, text.Count(c => c == '*'), (string)element.Element("name")!, length,
            (string?)element.Attribute("values"));
    }
}
