"""How dates are written where nobody says otherwise: in the administration above all."""
