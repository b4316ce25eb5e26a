using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Display;

/// <summary>Turns input commands into D-Bus calls without waiting for replies. Display thread only.</summary>
internal sealed class InputSender(DisplayClient client)
{
    private static ReadOnlySpan<byte> Keyboard => "org.qemu.Display1.Keyboard"u8;

    private static ReadOnlySpan<byte> Mouse => "org.qemu.Display1.Mouse"u8;

    internal void Run(in InputCommand command)
    {
        if (command.Kind == InputKind.SetListening)
        {
            client.SetListening(command.Console, command.Code != 0);
            return;
        }

        if (client.PathOf(command.Console) is not { } path)
            return;
        BusWriter call = Start(command, path);
        call.TrySendWithoutReply();
        call.Dispose();
    }

    private BusWriter Start(scoped in InputCommand command, NativeText path)
    {
        switch (command.Kind)
        {
            case InputKind.PressKey:
                return WithCode(client.NewCall(path, Keyboard, "Press"u8), command.Code);
            case InputKind.ReleaseKey:
                return WithCode(client.NewCall(path, Keyboard, "Release"u8), command.Code);
            case InputKind.PressButton:
                return WithCode(client.NewCall(path, Mouse, "Press"u8), command.Code);
            case InputKind.ReleaseButton:
                return WithCode(client.NewCall(path, Mouse, "Release"u8), command.Code);
            case InputKind.MoveTo:
                return MoveTo(command, path);
            case InputKind.MoveBy:
                return MoveBy(command, path);
            case InputKind.Touch:
                return Touch(command, path);
            default:
                return SetUiInfo(command.UiInfo, path);
        }
    }

    private static BusWriter WithCode(BusWriter call, uint code)
    {
        call.Append(code);
        return call;
    }

    // QEMU refuses a position at or beyond the width (ui/dbus-console.c), so the edge is the last pixel.
    private BusWriter MoveTo(scoped in InputCommand command, NativeText path)
    {
        PictureSize size = client.SizeOf(command.Console);
        BusWriter call = client.NewCall(path, Mouse, "SetAbsPosition"u8);
        call.Append((uint)Math.Clamp((int)command.X, 0, Math.Max(0, size.Width - 1)));
        call.Append((uint)Math.Clamp((int)command.Y, 0, Math.Max(0, size.Height - 1)));
        return call;
    }

    private BusWriter MoveBy(scoped in InputCommand command, NativeText path)
    {
        BusWriter call = client.NewCall(path, Mouse, "RelMotion"u8);
        call.Append((int)Math.Clamp(command.X, -PictureSize.MaxDimension, PictureSize.MaxDimension));
        call.Append((int)Math.Clamp(command.Y, -PictureSize.MaxDimension, PictureSize.MaxDimension));
        return call;
    }

    private BusWriter Touch(scoped in InputCommand command, NativeText path)
    {
        PictureSize size = client.SizeOf(command.Console);
        BusWriter call = client.NewCall(path, "org.qemu.Display1.MultiTouch"u8, "SendEvent"u8);
        call.Append(command.Code);
        call.Append(command.Slot);
        call.Append(Math.Clamp(command.X, 0, Math.Max(0, size.Width - 1)));
        call.Append(Math.Clamp(command.Y, 0, Math.Max(0, size.Height - 1)));
        return call;
    }

    private BusWriter SetUiInfo(scoped in ConsoleUiInfo info, NativeText path)
    {
        BusWriter call = client.NewCall(path, "org.qemu.Display1.Console"u8, "SetUIInfo"u8);
        call.Append(info.WidthMm);
        call.Append(info.HeightMm);
        call.Append(info.X);
        call.Append(info.Y);
        call.Append((uint)info.Width);
        call.Append((uint)info.Height);
        return call;
    }
}
