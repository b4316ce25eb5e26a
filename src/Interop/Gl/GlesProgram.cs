using System.Text;
using QemuZeroCopy.Interop.Gpu;
using static QemuZeroCopy.Interop.Gl.GlesConstants;

namespace QemuZeroCopy.Interop.Gl;

/// <summary>A linked program: a compute shader, or a vertex and a fragment shader.</summary>
public sealed unsafe class GlesProgram : IDisposable
{
    private const int LogBytes = 2048;
    private readonly GlesDevice _device;
    private bool _disposed;

    /// <summary>Compiles and links a compute shader.</summary>
    /// <exception cref="GpuSetupException">With the driver's log.</exception>
    public GlesProgram(GlesDevice device, string compute)
        : this(device, Compile(device, GL_COMPUTE_SHADER, compute), 0)
    {
    }

    /// <summary>Compiles and links a vertex and a fragment shader.</summary>
    /// <exception cref="GpuSetupException">With the driver's log.</exception>
    public GlesProgram(GlesDevice device, string vertex, string fragment)
        : this(device, Compile(device, GL_VERTEX_SHADER, vertex), Compile(device, GL_FRAGMENT_SHADER, fragment))
    {
    }

    private GlesProgram(GlesDevice device, uint first, uint second)
    {
        _device = device;
        GlesCommands gl = device.Commands;
        Handle = gl.glCreateProgram();
        gl.glAttachShader(Handle, first);
        if (second != 0)
        {
            gl.glAttachShader(Handle, second);
        }

        gl.glLinkProgram(Handle);
        gl.glDeleteShader(first);
        gl.glDeleteShader(second);
        int status, length;
        gl.glGetProgramiv(Handle, GL_LINK_STATUS, &status);
        if (status == GL_FALSE)
        {
            byte* log = stackalloc byte[LogBytes];
            gl.glGetProgramInfoLog(Handle, LogBytes, &length, log);
            gl.glDeleteProgram(Handle);
            throw new GpuSetupException($"{device.Renderer} refuses the program: {Encoding.UTF8.GetString(log, length)}");
        }
    }

    internal uint Handle { get; }

    /// <summary>Deletes the program.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _device.Commands.glDeleteProgram(Handle);
        }
    }

    private static uint Compile(GlesDevice device, int stage, string source)
    {
        GlesCommands gl = device.Commands;
        uint shader = gl.glCreateShader(stage);
        byte[] text = Encoding.UTF8.GetBytes(source);
        int status, length = text.Length;
        fixed (byte* first = text)
        {
            byte* strings = first;
            gl.glShaderSource(shader, 1, &strings, &length);
        }

        gl.glCompileShader(shader);
        gl.glGetShaderiv(shader, GL_COMPILE_STATUS, &status);
        if (status != GL_FALSE)
        {
            return shader;
        }

        byte* log = stackalloc byte[LogBytes];
        gl.glGetShaderInfoLog(shader, LogBytes, &length, log);
        gl.glDeleteShader(shader);
        throw new GpuSetupException($"{device.Renderer} refuses the shader: {Encoding.UTF8.GetString(log, length)}");
    }
}
