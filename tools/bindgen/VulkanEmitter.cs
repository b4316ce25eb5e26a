using System.Globalization;
using System.Text;

namespace QemuZeroCopy.Bindgen;

/// <summary>Writes C# for the selected commands and whatever types they reach.</summary>
internal sealed class VulkanEmitter
{
    private const string Namespace = "QemuZeroCopy.Interop.Vulkan";
    private readonly VulkanRegistry _registry;
    private readonly Selection _selection;
    private readonly SortedSet<string> _structs = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _handles = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _enums = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _structureTypes = new(StringComparer.Ordinal);
    private readonly SortedSet<(string Element, int Length)> _arrays = [];

    public VulkanEmitter(VulkanRegistry registry, Selection selection)
    {
        _registry = registry;
        _selection = selection;
        foreach (var name in CommandNames())
        {
            var (result, parameters) = registry.Command(name);
            Reach(result);
            foreach (var parameter in parameters)
            {
                Reach(parameter.Type);
            }
        }

        foreach (var name in selection.Names("struct"))
        {
            Reach(name);
        }
    }

    public string Enums()
    {
        var text = Header(unsafeCode: false);
        var extensions = _selection.Names("extension").ToHashSet();
        foreach (var name in _enums)
        {
            var only = name == "VkStructureType" ? [.. _structureTypes] : _selection.ValuesOf(name);
            var values = _registry.ValuesOf(name, extensions.Contains).ToList();
            if (name == "VkStructureType" || only is not null)
            {
                // A named value is taken from wherever the registry defines it.
                values = [.. _registry.ValuesOf(name, _ => true).Where(v => only!.Contains(v.Name))];
            }

            var bits = name.Contains("FlagBits", StringComparison.Ordinal);
            text.AppendLine(bits ? "[Flags]" : null).Append("internal enum ").Append(name).Append(" : ")
                .AppendLine(bits ? name.EndsWith('2') ? "ulong" : "uint" : "int").AppendLine("{");
            if (bits)
            {
                text.AppendLine("    None = 0,");
            }

            foreach (var (value, number) in values)
            {
                text.Append("    ").Append(value).Append(" = ").Append(bits ? $"0x{number:x}" : number.ToString(CultureInfo.InvariantCulture)).AppendLine(",");
            }

            text.AppendLine("}").AppendLine();
        }

        text.AppendLine("internal static class VkConstants").AppendLine("{");
        foreach (var name in _selection.Names("constant"))
        {
            var value = _registry.Constant(name);
            text.Append("    public const ").Append(value < 0 ? "ulong " : "uint ").Append(name).Append(" = ")
                .Append(value < 0 ? "ulong.MaxValue" : $"{value}u").AppendLine(";");
        }

        return text.AppendLine("}").ToString();
    }

    public string Structs()
    {
        var text = Header(unsafeCode: true);
        foreach (var handle in _handles)
        {
            var type = _registry.IsDispatchable(handle) ? "nint" : "ulong";
            text.AppendLine(CultureInfo.InvariantCulture, $"internal readonly record struct {handle}({type} Handle)")
                .AppendLine("{").AppendLine("    public bool IsNull => Handle == 0;").AppendLine("}").AppendLine();
        }

        foreach (var name in _structs)
        {
            var members = _registry.MembersOf(name).ToList();
            text.AppendLine("[StructLayout(LayoutKind.Sequential)]").AppendLine(CultureInfo.InvariantCulture, $"internal unsafe struct {name}").AppendLine("{");
            foreach (var member in members)
            {
                text.Append("    public ").Append(Field(member)).AppendLine(";");
            }

            if (members is [{ StructureType: { } structureType }, ..])
            {
                text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"    public {name}() => sType = VkStructureType.{structureType};");
            }

            text.AppendLine("}").AppendLine();
        }

        foreach (var (element, length) in _arrays)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"[InlineArray({length})]")
                .AppendLine(CultureInfo.InvariantCulture, $"internal struct {element}Array{length}")
                .AppendLine("{").AppendLine(CultureInfo.InvariantCulture, $"    private {element} _first;").AppendLine("}").AppendLine();
        }

        return text.ToString();
    }

    public string Commands()
    {
        var text = Header(unsafeCode: true);
        Table(text, "VkGlobalCommands", "global", "the loader, without an instance", "nint", "0");
        Table(text, "VkInstanceCommands", "instance", "one instance", "VkInstance", "instance");
        Table(text, "VkDeviceCommands", "device", "one device, past the loader's dispatch", "VkDevice", "device");
        return text.ToString();
    }

    private void Table(StringBuilder text, string name, string kind, string of, string owner, string argument)
    {
        text.AppendLine(CultureInfo.InvariantCulture, $"/// <summary>The commands of {of}; null where an extension is absent.</summary>")
            .AppendLine(CultureInfo.InvariantCulture, $"internal sealed unsafe class {name}").AppendLine("{");
        foreach (var command in _selection.Names(kind))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"    public readonly {Pointer(command)} {command};");
        }

        var first = owner == "nint" ? "" : $"{owner} {argument}, ";
        var resolver = $"delegate* unmanaged<{owner}, byte*, void*> resolve";
        text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"    public {name}({first}{resolver})").AppendLine("    {");
        foreach (var command in _selection.Names(kind))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"        fixed (byte* name = \"{command}\"u8)")
                .AppendLine("        {")
                .AppendLine(CultureInfo.InvariantCulture, $"            {command} = ({Pointer(command)})resolve({argument}, name);")
                .AppendLine("        }").AppendLine();
        }

        text.Length -= 1;
        text.AppendLine("    }").AppendLine("}").AppendLine();
    }

    private string Pointer(string command)
    {
        var (result, parameters) = _registry.Command(command);
        var types = parameters.Select(p => Type(p) + (p.ArrayLength is null ? "" : "*")).Append(Type(new(result, 0, "", null, null)));
        return $"delegate* unmanaged<{string.Join(", ", types)}>";
    }

    private string Field(Declaration member)
    {
        var name = member.Name is "object" or "event" or "params" ? "@" + member.Name : member.Name;
        if (member.ArrayLength is null)
        {
            return $"{Type(member)} {name}";
        }

        var length = int.TryParse(member.ArrayLength, out var number) ? number : (int)_registry.Constant(member.ArrayLength);
        var element = Type(member);
        return element is "byte" or "uint" or "int" or "float" or "ulong" && member.Pointers == 0
            ? $"fixed {element} {name}[{length}]"
            : $"{element}Array{length} {name}";
    }

    private string Type(Declaration declaration)
    {
        var name = _registry.Resolve(declaration.Type);
        var type = name switch
        {
            "void" => "void",
            "char" or "uint8_t" => "byte",
            "uint16_t" => "ushort",
            "uint32_t" => "uint",
            "int32_t" or "int" => "int",
            "int64_t" => "long",
            "uint64_t" => "ulong",
            "size_t" => "nuint",
            "float" => "float",
            _ when name.StartsWith("PFN_", StringComparison.Ordinal) => "nint",
            _ => _registry.CategoryOf(name) switch
            {
                "basetype" => name switch
                {
                    "VkBool32" or "VkFlags" or "VkSampleMask" => "uint",
                    "VkDeviceSize" or "VkDeviceAddress" or "VkFlags64" => "ulong",
                    _ => throw new NotSupportedException(name),
                },
                "bitmask" => _registry.BitsOf(name) ?? (_registry.Is64Bit(name) ? "ulong" : "uint"),
                "enum" or "struct" or "handle" => name,
                var category => throw new NotSupportedException($"{name}: {category}"),
            },
        };
        return type + new string('*', declaration.Pointers);
    }

    private void Reach(string type)
    {
        type = _registry.Resolve(type);
        switch (_registry.CategoryOf(type))
        {
            case "handle":
                _handles.Add(type);
                break;
            case "enum":
                _enums.Add(type);
                break;
            case "bitmask" when _registry.BitsOf(type) is { } bits:
                _enums.Add(bits);
                break;
            case "struct" when _structs.Add(type):
                foreach (var member in _registry.MembersOf(type))
                {
                    Reach(member.Type);
                    if (member.StructureType is not null)
                    {
                        _structureTypes.Add(member.StructureType);
                    }

                    if (member.ArrayLength is not null && _registry.CategoryOf(member.Type) is "struct" or "enum")
                    {
                        _arrays.Add((member.Type, int.TryParse(member.ArrayLength, out var n) ? n : (int)_registry.Constant(member.ArrayLength)));
                    }
                }

                break;
            case "union":
                throw new NotSupportedException($"{type}: unions are not bound.");
        }
    }

    private IEnumerable<string> CommandNames() =>
        _selection.Names("global").Concat(_selection.Names("instance")).Concat(_selection.Names("device"));

    private static StringBuilder Header(bool unsafeCode)
    {
        var text = new StringBuilder("// <auto-generated>tools/bindgen, from vk.xml and tools/bindgen/vulkan.list.</auto-generated>\n#nullable enable\n");
        if (unsafeCode)
        {
            text.Append("using System.Runtime.CompilerServices;\nusing System.Runtime.InteropServices;\n");
        }

        return text.Append("\nnamespace ").Append(Namespace).Append(";\n\n");
    }
}
