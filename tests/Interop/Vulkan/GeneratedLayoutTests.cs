using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using QemuZeroCopy.Interop.Vulkan;

namespace QemuZeroCopy.Interop.Tests.Vulkan;

/// <summary>Asks the C compiler, with the installed headers, what the generated bindings claim.</summary>
public sealed class GeneratedLayoutTests
{
    private static readonly Type[] Types = [.. typeof(VkDeviceCommands).Assembly.GetTypes()
        .Where(t => t.Namespace == typeof(VkDeviceCommands).Namespace && t.Name.StartsWith("Vk", StringComparison.Ordinal))];

    [Fact]
    public void Every_struct_has_the_size_and_offsets_of_its_C_twin()
    {
        var structs = Types.Where(t => t is { IsValueType: true, IsEnum: false }
            && t.GetCustomAttribute<InlineArrayAttribute>() is null && t.GetField("<Handle>k__BackingField", BindingFlags.NonPublic | BindingFlags.Instance) is null).ToList();
        var source = new StringBuilder("#include <stddef.h>\n#include <stdio.h>\n#include <vulkan/vulkan.h>\nint main(void) {\n");
        var expected = new List<string>();
        foreach (var type in structs)
        {
            source.Append($"printf(\"{type.Name} %zu\\n\", sizeof({type.Name}));\n");
            expected.Add($"{type.Name} {SizeOf(type)}");
            foreach (var field in type.GetFields(BindingFlags.Public | BindingFlags.Instance))
            {
                source.Append($"printf(\"{type.Name}.{field.Name} %zu\\n\", offsetof({type.Name}, {field.Name}));\n");
                expected.Add($"{type.Name}.{field.Name} {Marshal.OffsetOf(type, field.Name)}");
            }
        }

        Assert.True(structs.Count > 80, $"Only {structs.Count} structs were found.");
        Assert.Equal(expected, Run(source.Append("return 0; }\n").ToString()));
    }

    [Fact]
    public void Every_enum_value_and_constant_equals_the_headers()
    {
        var source = new StringBuilder("#include <stdio.h>\n#include <vulkan/vulkan.h>\nint main(void) {\n");
        var expected = new List<string>();
        foreach (var type in Types.Where(t => t.IsEnum))
        {
            foreach (var name in Enum.GetNames(type).Where(n => n != "None"))
            {
                source.Append($"printf(\"{name} %lld\\n\", (long long){name});\n");
                expected.Add($"{name} {System.Convert.ToInt64(Enum.Parse(type, name), null)}");
            }
        }

        foreach (var constant in typeof(VkConstants).GetFields())
        {
            source.Append($"printf(\"{constant.Name} %llu\\n\", (unsigned long long){constant.Name});\n");
            expected.Add($"{constant.Name} {constant.GetRawConstantValue()}");
        }

        Assert.Equal(expected, Run(source.Append("return 0; }\n").ToString()));
    }

    [Theory]
    [InlineData("QemuZeroCopy.Interop.Egl.EglConstants", "#include <EGL/egl.h>\n#include <EGL/eglext.h>\n")]
    [InlineData("QemuZeroCopy.Interop.Gl.GlesConstants", "#include <GLES3/gl31.h>\n#define GL_GLEXT_PROTOTYPES\n#include <GLES2/gl2ext.h>\n")]
    public void Every_EGL_and_GLES_constant_equals_the_headers(string type, string includes)
    {
        var source = new StringBuilder("#include <stdio.h>\n" + includes + "int main(void) {\n");
        var expected = new List<string>();
        foreach (var constant in typeof(VkDeviceCommands).Assembly.GetType(type, throwOnError: true)!.GetFields())
        {
            source.Append($"printf(\"{constant.Name} %d\\n\", (int){constant.Name});\n");
            expected.Add($"{constant.Name} {constant.GetRawConstantValue()}");
        }

        Assert.NotEmpty(expected);
        Assert.Equal(expected, Run(source.Append("return 0; }\n").ToString()));
    }

    private static int SizeOf(Type type) => (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    private static List<string> Run(string source)
    {
        var folder = Directory.CreateTempSubdirectory("qzc-layout");
        try
        {
            var program = Path.Combine(folder.FullName, "probe");
            File.WriteAllText(program + ".c", source);
            Assert.Equal("", Execute("gcc", ["-w", "-o", program, program + ".c"]));
            return [.. Execute(program, []).Split('\n', StringSplitOptions.RemoveEmptyEntries)];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Execute(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program}: {errors.Result}");
        return output;
    }
}
